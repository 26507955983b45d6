"""What the client reads is what the API's OpenAPI document promises: same fields, and every route that it calls exists."""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from slipway.client.charts import Chart
from slipway.client.conversations import Conversation, Message
from slipway.client.deployments import Deployment, Verb
from slipway.client.insight import LiveObject, Pod, Resource, Resources, Revision
from slipway.client.jobs import Job
from slipway.client.platform import AuditEntry, Cluster, Executor
from slipway.client.previews import FieldChange, ObjectChange, ObjectName, Preview, Usage, ValueChange
from slipway.client.products import Product
from slipway.client.registries import Registry
from slipway.client.rollouts import Rollout, RolloutItem
from slipway.client.tasks import Task
from slipway.client.templates import ProductName, Template
from slipway.client.tokens import Token
from slipway.client.users import Quotas, User
from slipway_api.app import create_app, make_deps
from tests.api.conftest import SETTINGS

CLIENT = Path(__file__).resolve().parents[2] / "shared" / "slipway" / "client"
COMPONENTS: dict[type[msgspec.Struct], str] = {
    AuditEntry: "AuditRead", Chart: "ChartRead", Cluster: "ClusterRead", Conversation: "ConversationRead", Deployment: "DeploymentRead",
    Executor: "ExecutorRead", FieldChange: "FieldChange", Job: "DeploymentReconcileJobRead", LiveObject: "ObjectShown", Message: "MessageRead",
    ObjectChange: "ObjectChange", ObjectName: "ObjectName", Pod: "Pod", Preview: "PreviewRead", Product: "ProductRead",
    ProductName: "ProductSummary", Resource: "Resource", Resources: "ResourcesShown", Revision: "DeploymentRevisionRead",
    Quotas: "QuotaRead", Registry: "RegistryRead", Rollout: "RolloutRead", RolloutItem: "RolloutItemRead",
    Task: "TaskRead", Template: "ProductTemplateVersionRead", Token: "PersonalTokenCreated", Usage: "Usage", User: "UserRead", ValueChange: "ValueChange",
}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document needs no server: nothing is asked of the database."""
    from slipway.database.engine import Database

    database = Database.connect("postgresql://nobody@127.0.0.1:1/none", service="test")
    return create_app(make_deps(SETTINGS, database, None)).openapi_schema.to_schema()


@pytest.mark.parametrize("kind", COMPONENTS, ids=lambda kind: kind.__name__)
def test_every_field_is_promised(kind: type[msgspec.Struct], document: dict[str, Any]):
    promised = document["components"]["schemas"][COMPONENTS[kind]]
    unknown = {field.encode_name for field in msgspec.structs.fields(kind)} - set(promised["properties"])
    needed = {field.encode_name for field in msgspec.structs.fields(kind) if field.required}
    assert (unknown, needed - set(promised["required"])) == (set(), set())


BROWSERS = {"/auth/exchange", "/auth/methods", "/auth/oidc/start", "/auth/oidc/callback"}
"""Ways in that end in the console."""


def called() -> set[str]:
    """Return the paths that the client's modules name, each parameter as {}."""
    found: set[str] = set()
    for module in CLIENT.glob("*.py"):
        prefix = next(iter(re.findall(r'^PATH = "(.*)"', module.read_text(), re.MULTILINE)), "")
        for path in re.findall(
            r'f?"((?:\{PATH\}|/[a-z])[^" ?]*)"|\(self\._http, (PATH),|\((PATH),', module.read_text()
        ):
            named = path[0] or "{PATH}"
            found.add(re.sub(r"\{.*?\}", "{}", named.replace("{PATH}", prefix)))
    return found


def promised(document: dict[str, Any]) -> set[str]:
    paths = {path.removeprefix("/api/v1") for path in document["paths"] if path.startswith("/api/v1")}
    return {re.sub(r"\{.*?\}", "{}", path) for path in paths}


def test_every_route_that_is_called_exists(document: dict[str, Any]):
    unknown = {path for path in called() - promised(document) if path != "/api/v1" and not path.endswith("/{}/{}")}
    assert unknown == set()


def test_every_route_has_a_method_of_the_client(document: dict[str, Any]):
    verbs = {f"/deployments/{{}}/{verb}" for verb in get_args(Verb)}
    assert promised(document) - called() - verbs - BROWSERS == set()
