"""Charts and what is done with them: each case is played by both ways to run Helm, and must come out the same."""

from typing import Any

import msgspec

from tests.helm.charts import config_map, deployment, job

Files = dict[str, str]
SETTINGS = config_map("settings", data='{colour: "{{ .Values.colour | default "blue" }}"}')
CRD = """---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.helm.example.org}
spec:
  group: helm.example.org
  names: {kind: Widget, plural: widgets, singular: widget}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
"""
WIDGET = "---\napiVersion: helm.example.org/v1\nkind: Widget\nmetadata: {name: one}\n"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One operation, of Helm's: apply, rollback, test, uninstall, render, template. Or of somebody else: make an object,
    forget (uninstall, and keep the history), mark the newest record as interrupted.
    """

    do: str = "apply"
    files: Files = {}
    folder: str = ""
    """A chart of this repository, in place of files."""
    chart: str = ""
    values: dict[str, Any] = {}
    revision: int = 0
    item: dict[str, Any] = {}
    status: str = ""
    """What a record is marked with."""
    fields: dict[str, Any] = {}
    code: str | None = None
    """Code of the failure that it ends in; None: it works."""


def _one(template: str, **more: str) -> Files:
    return {"templates/all.yaml": template, **more}


def _owned(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


PLAIN = _one(SETTINGS + deployment())
HOOKS = _one(
    SETTINGS
    + job(
        "before",
        "pre-install,pre-upgrade",
        more=', helm.sh/hook-weight: "2", helm.sh/hook-delete-policy: hook-succeeded',
    )
    + config_map("first", annotations='{helm.sh/hook: pre-install, helm.sh/hook-weight: "-5"}')
    + job("after", "post-install,post-upgrade,post-rollback", more=", helm.sh/hook-delete-policy: before-hook-creation")
    + job("last", "pre-delete", more=', helm.sh/hook-delete-policy: "before-hook-creation,hook-succeeded"')
)
HOOKED = _one(SETTINGS + config_map("hook", annotations='{helm.sh/hook: "pre-install,pre-upgrade,post-rollback"}'))
SUBCHARTS = {
    "Chart.yaml": (
        "apiVersion: v2\nname: chart\nversion: 1.0.0\ndependencies:\n"
        "- {name: cache, version: 1.0.0, condition: cache.enabled}\n- {name: queue, version: 1.0.0, alias: jobs}\n"
    ),
    "values.yaml": "cache: {enabled: false, size: 1}\nglobal: {tier: gold}\n",
    "templates/all.yaml": SETTINGS,
    "templates/NOTES.txt": "{{ .Release.Name }} in {{ .Values.global.tier }}",
    "charts/cache/Chart.yaml": "apiVersion: v2\nname: cache\nversion: 1.0.0\n",
    "charts/cache/templates/all.yaml": config_map("cache", data='{size: "{{ .Values.size }}"}'),
    "charts/queue/Chart.yaml": "apiVersion: v2\nname: queue\nversion: 1.0.0\n",
    "charts/queue/templates/all.yaml": config_map("queue", data='{tier: "{{ .Values.global.tier }}"}'),
}
SEEN = config_map(
    "seen",
    data='{found: "{{ (lookup "v1" "ConfigMap" .Release.Namespace "theirs").data }}",'
    ' many: "{{ len (dig "items" list (lookup "v1" "ConfigMap" .Release.Namespace "")) }}",'
    ' version: "{{ .Capabilities.KubeVersion }} {{ .Capabilities.HelmVersion.Version }}",'
    ' apps: "{{ .Capabilities.APIVersions.Has "apps/v1/Deployment" }}",'
    ' none: "{{ .Capabilities.APIVersions.Has "none.example.org/v1" }}", upgrade: "{{ .Release.IsUpgrade }}"}',
)
LARGE = "{{ range until 120 }}" + config_map("large-{{ . }}", data='{text: "{{ repeat 40 "wide " }}"}') + "{{ end }}"
HUGE = "{{ range until 30 }}" + config_map("huge-{{ . }}", data='{text: "{{ randAlphaNum 50000 }}"}') + "{{ end }}"

CASES: dict[str, tuple[Step, ...]] = {
    "plain": (
        Step(do="render", files=PLAIN), Step(files=PLAIN), Step(files=PLAIN, values={"colour": "red", "replicas": 2}),
        Step(files=_one(SETTINGS)), Step(do="rollback", revision=2), Step(do="uninstall"), Step(do="uninstall"),
    ),
    "hooks": (
        Step(do="template", files=HOOKS), Step(files=HOOKS), Step(files=HOOKS, values={"colour": "red"}),
        Step(do="rollback", revision=1), Step(do="uninstall"),
    ),
    "first hook fails, then not": (
        Step(files=_one(SETTINGS + job("gate", "pre-install,pre-upgrade", fails=True)), code="hook_failed"),
        Step(files=_one(SETTINGS + job("gate", "pre-install,pre-upgrade"))),
    ),
    "later hook fails": (
        Step(files=PLAIN),
        Step(files=_one(SETTINGS + job("check", "post-upgrade", fails=True,
             more=", helm.sh/hook-delete-policy: hook-failed")), values={"colour": "red"}, code="hook_failed"),
        Step(files=PLAIN, values={"colour": "green"}),
    ),
    "hook that is no valid object": (
        Step(files=_one(SETTINGS + config_map("odd", annotations="{helm.sh/hook: pre-install}") + "colour: red\n"),
             code="hook_failed"),
    ),
    "delete hook fails": (
        Step(files=_one(SETTINGS + job("last", "pre-delete", fails=True))), Step(do="uninstall", code="hook_failed"),
    ),
    "subcharts and notes": (
        Step(do="render", files=SUBCHARTS), Step(files=SUBCHARTS),
        Step(files=SUBCHARTS, values={"cache": {"enabled": True, "size": 3}, "global": {"tier": "silver"}}),
    ),
    "lookup and capabilities": (
        Step(do="make", item=_owned("theirs", key="value")), Step(do="render", files=_one(SEEN)),
        Step(do="template", files=_one(SEEN)), Step(files=_one(SEEN)), Step(files=_one(SEEN)),
    ),
    "tests": (
        Step(files=_one(SETTINGS + job("good", "test"))), Step(do="test"),
        Step(files=_one(SETTINGS + job("bad", "test", fails=True))), Step(do="test", code="hook_failed"),
    ),
    "kept objects": (
        Step(files=_one(SETTINGS + config_map("kept", annotations="{helm.sh/resource-policy: keep}"))),
        Step(files=_one(SETTINGS)), Step(do="uninstall"),
    ),
    "immutable field": (
        Step(files=_one(deployment())), Step(files=_one(deployment(label="other")), code="immutable_field"),
        Step(files=_one(deployment())),
    ),
    "conflict": (
        Step(files=PLAIN), Step(do="make", item=_owned("settings", colour="theirs")),
        Step(files=PLAIN, values={"colour": "red"}, code="apply_conflict"),
        Step(files=PLAIN, values={"colour": "red"}, fields={"force_fields": True}),
    ),
    "owned by another": (
        Step(do="make", item=_owned("settings", colour="theirs")), Step(files=PLAIN, code="owned_by_another"),
    ),
    "unknown field": (
        Step(files=_one(SETTINGS + deployment(more="colour: red")), code="object_invalid"), Step(files=PLAIN),
        Step(files=_one(SETTINGS + deployment(more="colour: red")), code="object_invalid"),
    ),
    "wrong value": (Step(files=_one(deployment()), values={"replicas": -1}, code="object_invalid"),),
    "unknown kind": (
        Step(files=_one(SETTINGS + "---\napiVersion: none.example.org/v1\nkind: None\nmetadata: {name: x}\n"),
             code="unknown_kind"),
    ),
    "failing templates": (
        Step(files=_one('{{ fail "not today" }}'), code="template_failed"),
        Step(files=_one("a: {{ .Values.none.deep }}"), code="template_failed"),
        Step(files=_one("a: [unclosed"), code="template_failed"),
        Step(do="template", files=_one('{{ required "a colour" .Values.colour }}'), code="template_failed"),
        Step(do="render", files=_one("{{ include `missing` . }}"), code="template_failed"),
    ),
    "schema of the chart": (
        Step(files=_one(SETTINGS, **{"values.schema.json": '{"properties": {"colour": {"type": "string"}}}'}),
             values={"colour": 5}, code="values_rejected"),
    ),
    "large": (Step(files=_one(LARGE)), Step(files=_one(LARGE + SETTINGS)), Step(do="uninstall")),
    "too large a record": (Step(files=_one(HUGE), code="release_too_large"),),
    "charts that cannot be installed": (
        Step(files=_one(SETTINGS), chart="type: library\n", code="helm_failed"),
        Step(files=_one(SETTINGS), chart="kubeVersion: '>=9.0.0'\n", code="helm_failed"),
        Step(files=_one(SETTINGS), chart="dependencies: [{name: none, version: 1.0.0}]\n", code="helm_failed"),
    ),
    "nobody's rights": (Step(files=PLAIN, fields={"as_user": "nobody@example.org"}, code="cluster_forbidden"),),
    "empty, lists and twins": (
        Step(files=_one("{{ if .Values.on }}" + SETTINGS + "{{ end }}")),
        Step(files=_one("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n")),
        Step(files=_one("apiVersion: v1\nkind: ConfigMapList\nitems:\n- {metadata: {name: a}}\n- {metadata: {name: b}}\n")),
        Step(do="template", files=_one("apiVersion: v1\nkind: ConfigMapList\nitems:\n- {metadata: {name: a}}\n")),
        Step(files=_one(SETTINGS + SETTINGS)),
    ),
    "quota": (
        Step(do="make", item={"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"},
                              "spec": {"hard": {"services": "0"}}}),
        Step(files=_one("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"),
             code="quota_exceeded"),
    ),
    "revision that is not there": (Step(files=PLAIN), Step(do="rollback", revision=9, code="helm_failed")),
    "definitions that the chart brings": (
        Step(do="template", files=_one(SETTINGS + WIDGET, **{"crds/widgets.yaml": CRD})),
        Step(do="render", files=_one(SETTINGS, **{"crds/widgets.yaml": CRD})),
        Step(files=_one(SETTINGS, **{"crds/widgets.yaml": CRD})),
        Step(files=_one(SETTINGS + WIDGET, **{"crds/widgets.yaml": CRD}), code="unknown_kind"),
    ),
    "uninstalled with a history": (
        Step(files=HOOKED), Step(files=HOOKED, values={"colour": "red"}), Step(do="forget"),
        Step(do="render", files=HOOKED), Step(files=HOOKED, values={"colour": "green"}), Step(do="rollback", revision=2),
        Step(do="forget"), Step(do="rollback", revision=1), Step(do="forget"), Step(do="uninstall"),
    ),
    **{
        f"record that says {status}": (
            Step(files=PLAIN), Step(files=PLAIN, values={"colour": "red"}), Step(do="mark", status=status),
            Step(do="render", files=PLAIN, code=code), Step(files=PLAIN, values={"colour": "green"}, code=code),
            Step(do="rollback", revision=1), Step(do="mark", status=status), Step(do="uninstall"),
        )
        for status, code in {
            "pending-install": "release_busy", "pending-upgrade": "release_busy", "pending-rollback": "release_busy",
            "uninstalling": "helm_failed", "failed": None,
        }.items()
    },
    "first record that says pending": (
        Step(files=PLAIN), Step(do="mark", status="pending-install"), Step(files=PLAIN, code="release_busy"),
        Step(do="mark", status="failed"), Step(files=PLAIN, values={"colour": "red"}),
    ),
    **{
        f"chart of {folder}": (
            Step(do="template", folder=folder), Step(do="render", folder=folder), Step(folder=folder),
            Step(folder=folder, values=values), Step(do="rollback", revision=1), Step(do="uninstall"),
        )
        for folder, values in {
            "deploy/helm/samples/hello": {"user": {"replicas": 2, "greeting": "Hi"}},
            "deploy/helm/web-service": {
                "user": {"replicaCount": 1, "env": {"FRONTEND_URL": "https://a.example.org", "API_KEY": "secret"}},
                "ingress": {"className": "nginx"}, "slipway": {"domain": "a.example.org"}, "service": {"type": "NodePort"},
            },
            "bench/charts/podinfo": {"logLevel": "debug"},
        }.items()
    },
    "values of every kind": (
        Step(files=_one(config_map("values", data="{all: {{ .Values | toJson | quote }}}")),
             values={"n": 12345678901234567890, "f": 1.5, "e": 1e21, "s": "yes", "u": "ü\u2028'\"\n", "l": [1, None], "b": True}),
    ),
}  # fmt: skip
