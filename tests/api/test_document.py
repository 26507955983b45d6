"""The OpenAPI document that clients are made from."""

import httpx
from litestar import Litestar

NAMES = {
    "ProductTemplateVersionCreate", "ProductTemplateVersionRead", "DeploymentCreate", "DeploymentUpdate",
    "DeploymentUpgrade", "DeploymentRead", "UserCreate", "UserRead", "ProductCreate", "ProductRead",
    "TaskCreate", "TaskUpdate", "TaskRead", "ConversationCreate", "ConversationUpdate", "ConversationRead",
    "MessageCreate", "MessageRead",
}  # fmt: skip


async def test_the_document_is_open_to_all_and_names_what_the_product_names(api: httpx.AsyncClient):
    document = (await api.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert set(document["components"]["schemas"]) >= NAMES
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    create = document["components"]["schemas"]["DeploymentCreate"]
    assert {"template_id", "product_id", "domain_name", "domainname", "user_values", "user_values_json"} <= set(
        create["properties"]
    )


async def test_every_route_says_what_it_does(api: httpx.AsyncClient):
    document = (await api.get("/openapi.json")).json()
    silent = [
        f"{method} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if not operation.get("description")
    ]
    assert silent == []


async def test_no_read_schema_holds_a_secret(app: Litestar):
    schemas = app.openapi_schema.to_schema()["components"]["schemas"]
    shown = {name: set(schema.get("properties", {})) for name, schema in schemas.items() if name.endswith("Read")}
    assert all(not {"password", "password_hash"} & fields for fields in shown.values())


async def test_answers_of_the_assistant_have_a_shape(api: httpx.AsyncClient):
    document = (await api.get("/openapi.json")).json()
    where = "/api/v1/conversations/{conversation_id}/messages"
    for path in (where, f"{where}/{{message_id}}/retry"):
        answered = document["paths"][path]["post"]["responses"]["201"]["content"]["application/json"]["schema"]
        assert answered["$ref"].endswith("/MessagesAnswered")
