"""kubectl and Helm as the cluster's admin."""

import asyncio

from tests.deploy.helming import ROOT
from tests.images.conftest import Place


async def run(place: Place, program: str, *arguments: str, succeeds: bool = True) -> str:
    """Run a pinned tool and return what it printed; it has to succeed unless that is left open."""
    child = await asyncio.create_subprocess_exec(
        str(place.state / "bin" / program), *arguments, cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(place.state), "KUBECONFIG": str(place.cluster.kubeconfig)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await child.communicate()
    assert child.returncode == 0 or not succeeds, f"{program} {' '.join(arguments)}\n{output.decode()}"
    return output.decode()


async def kubectl(place: Place, *arguments: str) -> str:
    return await run(place, "kubectl", *arguments)


async def helm(place: Place, *arguments: str) -> str:
    return await run(place, "helm", *arguments)
