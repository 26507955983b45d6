"""Makes the tables of the FastAPI application, users with their tokens, and a template; says what it made."""

import asyncio
import json
import os
import sys
import uuid

import jwt


async def run(users: int) -> dict[str, object]:
    from bench.others.fastapi_app import KEY, Base, Product, Template, User, engine, sessions  # noqa: PLC0415 - reads its settings

    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    people = [User(id=uuid.uuid4(), email=f"{uuid.uuid4()}@example.org") for _ in range(users)]
    template = Template(
        id=uuid.uuid4(), product=Product(name="Product", description="A product."), version_label="1",
        docker_image_url="registry.example.org/web:1", default_values_json={},
    )  # fmt: skip
    async with sessions() as session:
        session.add_all([*people, template])
        await session.commit()
    await engine.dispose()
    return {
        "template": str(template.id),
        "tokens": [jwt.encode({"sub": str(each.id)}, KEY, "HS256") for each in people],
    }


if __name__ == "__main__":
    told = json.loads(sys.stdin.readline())
    os.environ.update(DATABASE_URL=told["dsn"], KEY=told["key"])
    print(json.dumps(asyncio.run(run(told["users"]))))
