"""Every table with row-level security: a row of it for each of two users, and whom the API's login shows it to."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import Database, Scope
from slipway.identity import new_id
from tests.support.rows import seed

VIEWERS, ANYBODY, NO_ONE = "viewers", "anybody", "nobody"
"""Who inserts a row: those who see it, whoever has a connection, or another service's login."""
ISSUER = "https://issuer.example.org"
CREDENTIALS = ("sign_in", "refresh", "token", "code", "identity")


class Owned(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a table. Names in `insert` are those of a user's ids, see `_ids`."""

    insert: str
    key: str
    """The column that tells whose it is."""
    whose: str
    """The id that stands there."""
    change: str = ""
    """What an UPDATE may set; empty where the API may update nothing."""
    owner: bool = True
    admin: bool = False
    held: tuple[str, ...] = ()
    """The credentials of which each shows it to a caller who is nobody yet."""
    inserted_by: str = VIEWERS


TABLES = {
    "deployment": Owned(
        insert="INSERT INTO deployment (id, user_id, domain_name, deployment_uid, namespace_name, release_name,"
        " desired_template_id) VALUES (:deployment, :user, :name, :name, :name, :name, :template)",
        key="user_id", whose="user", change="suspended = true", admin=True,
    ),
    "deployment_secret": Owned(
        insert="INSERT INTO deployment_secret (deployment_id, name, ciphertext) VALUES (:deployment, '/key', 'x')",
        key="deployment_id", whose="deployment", change="ciphertext = 'y'", admin=True,
    ),
    "deployment_reconcile_job": Owned(
        insert="INSERT INTO deployment_reconcile_job (id, deployment_id, user_id, cluster, reason, generation)"
        " VALUES (:job, :deployment, :user, 'local', 'create', 1)",
        key="deployment_id", whose="deployment", change="cancel_requested = true", admin=True,
    ),
    "deployment_revision": Owned(
        insert="INSERT INTO deployment_revision (deployment_id, revision, generation, template_id, digest, succeeded, job_id)"
        " VALUES (:deployment, 1, 1, :template, 'd', true, :job)",
        key="deployment_id", whose="deployment", change="secrets_json = '{}'", admin=True, inserted_by=NO_ONE,
    ),
    "job_history": Owned(
        insert="INSERT INTO job_history (id, deployment_id, user_id, cluster, reason, generation, finished_at)"
        " VALUES (:job, :deployment, :user, 'local', 'create', 1, now())",
        key="deployment_id", whose="deployment", admin=True, inserted_by=NO_ONE,
    ),
    "preview": Owned(
        insert="INSERT INTO preview (id, user_id, generation, inputs, expires_at, result_json)"
        " VALUES (:preview, :user, 0, 'i', now(), '{}')",
        key="user_id", whose="user",
    ),
    "rollout": Owned(
        insert="INSERT INTO rollout (id, product_id, template_id, batch_size, max_failures, actor_json)"
        " VALUES (:rollout, :product, :template, 1, 0, '{}')",
        key="id", whose="rollout", change="batch_size = 2", owner=False, admin=True,
    ),
    "rollout_item": Owned(
        insert="INSERT INTO rollout_item (rollout_id, deployment_id) VALUES (:rollout, :deployment)",
        key="rollout_id", whose="rollout", owner=False, admin=True,
    ),
    "tasks": Owned(
        insert="INSERT INTO tasks (id, user_id, title) VALUES (:task, :user, 't')",
        key="user_id", whose="user", change="title = 'another'",
    ),
    "conversations": Owned(
        insert="INSERT INTO conversations (id, user_id) VALUES (:conversation, :user)",
        key="user_id", whose="user", change="title = 'another'",
    ),
    "messages": Owned(
        insert="INSERT INTO messages (id, conversation_id, role, content) VALUES (:message, :conversation, 'user', 'x')",
        key="conversation_id", whose="conversation", change="content = 'another'",
    ),
    "conversation_turn": Owned(
        insert="INSERT INTO conversation_turn (conversation_id, holder, until) VALUES (:conversation, :message, now())",
        key="conversation_id", whose="conversation", change="until = now()",
    ),
    "sign_in": Owned(
        insert="INSERT INTO sign_in (id, user_id, via, expires_at) VALUES (:sign_in, :user, 'link', now())",
        key="user_id", whose="user", change="ended_at = now()", admin=True, held=("sign_in",),
    ),
    "refresh_token": Owned(
        insert="INSERT INTO refresh_token (hash, sign_in_id) VALUES (:refresh, :sign_in)",
        key="sign_in_id", whose="sign_in", change="used_at = now()", admin=True, held=("refresh", "sign_in"),
    ),
    "personal_token": Owned(
        insert="INSERT INTO personal_token (id, user_id, name, hash) VALUES (:task, :user, 't', :token)",
        key="user_id", whose="user", change="last_used_at = now()", held=("token",),
    ),
    "one_time_code": Owned(
        insert="INSERT INTO one_time_code (hash, user_id, via, expires_at) VALUES (:code, :user, 'link', now())",
        key="user_id", whose="user", change="used_at = now()", owner=False, held=("code",), inserted_by=ANYBODY,
    ),
    "user_identity": Owned(
        insert=f"INSERT INTO user_identity (issuer, subject, user_id) VALUES ('{ISSUER}', :name, :user)",
        key="user_id", whose="user", held=("identity",),
    ),
    "user_quota": Owned(
        insert="INSERT INTO user_quota (user_id) VALUES (:user)",
        key="user_id", whose="user", change="deployments = 1", admin=True,
    ),
    "idempotency_record": Owned(
        insert="INSERT INTO idempotency_record (user_id, key, request_hash, status_code, body)"
        " VALUES (:user, 'k', 'h', 201, '')",
        key="user_id", whose="user",
    ),
    "outbox_event": Owned(
        insert="INSERT INTO outbox_event (event_id, type, owner_id, actor_json, data_json)"
        " VALUES (:event, 't', :user, '{}', '{}')",
        key="owner_id", whose="user", admin=True, inserted_by=ANYBODY,
    ),
}  # fmt: skip
"""In an order in which they can be filled."""


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """What two users have: ids by name."""

    mine: dict[str, Any]
    others: dict[str, Any]
    scopes: dict[str, Scope]
    """Who looks; `mine` is what the owner has and whose credentials are held."""

    def whose(self, table: str) -> dict[UUID, str]:
        """Return the words for what stands in the column that tells whose a row is."""
        name = TABLES[table].whose
        return {self.mine[name]: "mine", self.others[name]: "another's"}


def shown(table: str) -> dict[str, list[str]]:
    """Return whose rows each scope sees, and may therefore change and delete."""
    owned = TABLES[table]
    return {
        "the owner": ["mine"] if owned.owner else [],
        "another": ["another's"] if owned.owner else [],
        "an admin": ["another's", "mine"] if owned.admin else [],
        "nobody": [],
        **{f"whoever holds {each}": ["mine"] if each in owned.held else [] for each in CREDENTIALS},
    }


def writers(table: str) -> set[str]:
    """Return the scopes in which what is mine may be inserted."""
    seen = shown(table)
    viewers = {who for who, rows in seen.items() if "mine" in rows}
    return {VIEWERS: viewers, ANYBODY: set(seen), NO_ONE: set[str]()}[TABLES[table].inserted_by]


async def fill(database: Database) -> Rows:
    """Lay a row of each table down for two users, as the superuser."""
    mine, others = await _ids(database, "mine"), await _ids(database, "others")
    async with database.writing() as session:
        await session.execute(text("SELECT ensure_job_history(now())"))
        for owned in TABLES.values():
            for ids in (mine, others):
                await session.execute(text(owned.insert), ids)
    scopes = {
        "the owner": Scope(user_id=mine["user"]),
        "another": Scope(user_id=others["user"]),
        "an admin": Scope(user_id=new_id(), is_admin=True),
        "nobody": Scope(),
        **{f"whoever holds {each}": Scope(credential=str(mine[each])) for each in CREDENTIALS},
    }
    return Rows(mine=mine, others=others, scopes=scopes)


async def _ids(database: Database, name: str) -> dict[str, Any]:
    seeded = await seed(database, email=f"{name}@example.org")
    made = ("deployment", "job", "preview", "rollout", "task", "conversation", "message", "sign_in", "event")
    return {
        **msgspec.structs.asdict(seeded),
        **{each: new_id() for each in made},
        **{each: f"{each} of {name}" for each in ("refresh", "token", "code")},
        "name": name,
        "identity": f"{ISSUER} {name}",
    }
