"""What an executor is told."""

from slipway.settings import Settings


class ExecutorSettings(Settings, frozen=True, kw_only=True):
    nats_url: str
    kubeconfig: str = ""
    """Path; empty means the cluster that it runs in."""
    cluster: str = "local"
    slots: int = 4
    """Helm operations at once."""
    http_host: str = "127.0.0.1"
    http_port: int = 8082
    helm: str = "helm"
    """Path of the Helm program."""
    cache_dir: str = ""
    """Where chart archives are kept by digest; empty means the user's cache folder."""
    builtin_charts: str = ""
    """Folder of the charts that ship with Slipway; empty means the packaged ones."""
    registries: tuple[str, ...] = ()
    failpoints: tuple[str, ...] = ()
    """For tests of failures: see `slipway.failpoints`."""
