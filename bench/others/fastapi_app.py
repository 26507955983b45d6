"""The same routes as Slipway's on FastAPI and async SQLAlchemy: a token, a user, deployments with template and product.

A create writes a deployment and its reconcile job; a list returns a page with its templates and products. Run by uvicorn with
uvloop and httptools, as its documentation recommends; DATABASE_URL and KEY come from the environment.
"""

import os
import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, Index, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload


class Base(DeclarativeBase):
    type_annotation_map = {dict[str, Any]: JSONB}


class User(Base):
    __tablename__ = "users"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(unique=True)
    is_admin: Mapped[bool] = mapped_column(default=False)


class Product(Base):
    __tablename__ = "product"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str]
    description: Mapped[str | None]


class Template(Base):
    __tablename__ = "product_template_version"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product.id"))
    docker_image_url: Mapped[str | None]
    version_label: Mapped[str | None]
    default_values_json: Mapped[dict[str, Any]]
    product: Mapped[Product] = relationship()


class Deployment(Base):
    __tablename__ = "deployment"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    domain_name: Mapped[str] = mapped_column(unique=True)
    deployment_uid: Mapped[str] = mapped_column(unique=True)
    namespace_name: Mapped[str]
    release_name: Mapped[str]
    desired_template_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product_template_version.id"))
    user_values_json: Mapped[dict[str, Any] | None]
    status: Mapped[str] = mapped_column(default="pending")
    generation: Mapped[int] = mapped_column(default=1)
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    template: Mapped[Template] = relationship()
    __table_args__ = (Index("ix_deployment_user", "user_id", text("created_at DESC")),)


class Job(Base):
    __tablename__ = "deployment_reconcile_job"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    deployment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deployment.id"))
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(default="queued")
    run_after: Mapped[datetime] = mapped_column(server_default=func.now())
    attempt: Mapped[int] = mapped_column(default=0)


class Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ProductRead(Read):
    id: uuid.UUID
    name: str
    description: str | None


class TemplateRead(Read):
    id: uuid.UUID
    docker_image_url: str | None
    version_label: str | None
    default_values_json: dict[str, Any]
    product: ProductRead


class DeploymentRead(Read):
    id: uuid.UUID
    user_id: uuid.UUID
    domain_name: str
    deployment_uid: str
    namespace_name: str
    release_name: str
    desired_template_id: uuid.UUID
    user_values_json: dict[str, Any] | None
    status: str
    generation: int
    last_error: str | None
    created_at: datetime
    template: TemplateRead


class DeploymentCreate(BaseModel):
    template_id: uuid.UUID
    domain_name: str
    user_values_json: dict[str, Any] | None = None


KEY = os.environ["KEY"]
engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=10, max_overflow=10)
sessions = async_sessionmaker(engine, expire_on_commit=False)
WHOLE = selectinload(Deployment.template).selectinload(Template.product)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as opened:
        yield opened


async def user(
    sent: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
    opened: Annotated[AsyncSession, Depends(session)],
) -> User:
    try:
        claims = jwt.decode(sent.credentials, KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, "the token is not valid") from error
    found = await opened.get(User, uuid.UUID(claims["sub"]))
    if found is None:
        raise HTTPException(401, "the user is gone")
    return found


@app.get("/health/ready")
async def ready() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/api/v1/deployments", status_code=202)
async def create(
    body: DeploymentCreate,
    caller: Annotated[User, Depends(user)],
    opened: Annotated[AsyncSession, Depends(session)],
) -> DeploymentRead:
    template = await opened.get(Template, body.template_id, options=[selectinload(Template.product)])
    if template is None:
        raise HTTPException(422, "there is no such template")
    name = f"product-{secrets.token_hex(6)}"
    made = Deployment(
        user_id=caller.id, domain_name=body.domain_name, deployment_uid=name, namespace_name=name, release_name=name,
        template=template, user_values_json=body.user_values_json, created_at=datetime.now(UTC).replace(tzinfo=None),
    )  # fmt: skip
    opened.add(made)
    await opened.flush()
    opened.add(Job(deployment_id=made.id, reason="create"))
    await opened.commit()
    return DeploymentRead.model_validate(made)


@app.get("/api/v1/deployments")
async def listed(
    caller: Annotated[User, Depends(user)],
    opened: Annotated[AsyncSession, Depends(session)],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[DeploymentRead]:
    statement = select(Deployment).where(Deployment.user_id == caller.id).options(WHOLE)
    rows = await opened.scalars(statement.order_by(Deployment.created_at.desc()).limit(limit))
    return [DeploymentRead.model_validate(row) for row in rows]
