"""Mapped classes, a module per noun. Importing this package registers all of them on `Base.metadata`."""

from slipway.database.models.archives import ChartArchivePart
from slipway.database.models.base import Base
from slipway.database.models.conversations import Conversation, ConversationTurn, Message
from slipway.database.models.deployments import Deployment, DeploymentRevision, DeploymentSecret
from slipway.database.models.executors import Cluster, Executor
from slipway.database.models.feed import Feed, Installation, OutboxEvent
from slipway.database.models.idempotency import IdempotencyRecord
from slipway.database.models.jobs import DeploymentReconcileJob, JobHistory, JobLease, ReportRecord
from slipway.database.models.previews import Preview
from slipway.database.models.products import Product, ProductTemplateVersion
from slipway.database.models.registries import Registry, RegistryCredential
from slipway.database.models.rollouts import Rollout, RolloutItem
from slipway.database.models.sign_ins import OneTimeCode, PersonalToken, RefreshToken, SignIn, UserIdentity
from slipway.database.models.tasks import Task
from slipway.database.models.users import User, UserQuota

__all__ = [
    "Base",
    "ChartArchivePart",
    "Cluster",
    "Conversation",
    "ConversationTurn",
    "Deployment",
    "DeploymentReconcileJob",
    "DeploymentRevision",
    "DeploymentSecret",
    "Executor",
    "Feed",
    "IdempotencyRecord",
    "Installation",
    "JobHistory",
    "JobLease",
    "Message",
    "OneTimeCode",
    "OutboxEvent",
    "PersonalToken",
    "Preview",
    "Product",
    "ProductTemplateVersion",
    "RefreshToken",
    "Registry",
    "RegistryCredential",
    "ReportRecord",
    "Rollout",
    "RolloutItem",
    "SignIn",
    "Task",
    "User",
    "UserIdentity",
    "UserQuota",
]
