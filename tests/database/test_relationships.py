"""The seeds' relationships work from both sides."""

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from slipway.database.engine import Database
from slipway.database.models import Conversation, Deployment, Message, Product, ProductTemplateVersion, Task, User
from slipway.identity import new_id
from tests.support.rows import deploy, seed


async def test_deployments_templates_and_products_know_each_other(database: Database):
    seeded = await seed(database)
    await deploy(database, seeded)
    async with database.reading() as session:
        deployment = (
            await session.execute(
                select(Deployment).options(
                    selectinload(Deployment.template)
                    .selectinload(ProductTemplateVersion.product)
                    .options(selectinload(Product.template), selectinload(Product.templates)),
                    selectinload(Deployment.user).selectinload(User.deployments),
                    selectinload(Deployment.reconcile_jobs),
                    selectinload(Deployment.template).selectinload(ProductTemplateVersion.deployments),
                )
            )
        ).scalar_one()
    product = deployment.template.product
    assert product.template is deployment.template
    assert product.templates == [deployment.template]
    assert deployment.template.deployments == [deployment]
    assert deployment.user.deployments == [deployment]
    assert [job.reason for job in deployment.reconcile_jobs] == ["create"]


async def test_a_conversations_messages_keep_their_order_and_go_with_it(database: Database):
    seeded = await seed(database)
    conversation = new_id()
    async with database.writing() as session:
        session.add(Conversation(id=conversation, user_id=seeded.user, title="t"))
        session.add(Task(id=new_id(), user_id=seeded.user, title="first"))
        await session.flush()
        for word in ("one", "two", "three"):
            session.add(
                Message(id=new_id(), conversation_id=conversation, role="user", content=word, tool_calls={"a": 1})
            )
            await session.flush()
    async with database.writing() as session:
        user = (
            await session.execute(
                select(User).options(
                    selectinload(User.conversations).selectinload(Conversation.messages), selectinload(User.tasks)
                )
            )
        ).scalar_one()
        assert [message.content for message in user.conversations[0].messages] == ["one", "two", "three"]
        assert [task.title for task in user.tasks] == ["first"]
        await session.delete(user.conversations[0])
    async with database.reading() as session:
        assert (await session.execute(select(Message))).all() == []
