"""`slipway admin adopt`: take over a release that was made by hand."""

from typing import Annotated, Any

from cyclopts import Parameter

from slipway.cli import values
from slipway.cli.deploy import File, Set, finish, version_of
from slipway.cli.exits import Exit, Stop
from slipway.cli.output import Format, Output
from slipway.cli.session import connected
from slipway.cli.waiting import Timeout, Wait


async def adopt(
    product: str,
    domain: str,
    /,
    *,
    namespace: Annotated[str, Parameter(name=["--namespace", "-n"])],
    release: str | None = None,
    version: str | None = None,
    set_: Set = None,
    file: File = None,
    user: str | None = None,
    cluster: str | None = None,
    wait: Wait = False,
    timeout: Timeout = "15m",
    output: Output = Format.TABLE,
) -> None:
    """Take over a release that was made with `helm install`: it has to be just what the product gives with these values.

    The first look changes no object. When the release differs, the deployment fails and says in what.

    Parameters
    ----------
    product
        The product's short name: see `slipway products`.
    domain
        Where it answers, as in shop.example.org.
    namespace
        The namespace that the release is in. It stays its owner's: deleting the deployment does not delete it.
    release
        The release's name; by default that of the namespace.
    version
        Another version than the current one.
    user
        Whose it shall be, by address; by default yours.
    cluster
        Where it runs; by default `local`, or the only cluster there is.
    """
    async with connected() as slipway:
        found = await slipway.products.find(product)
        if version is None and found.template is None:
            raise Stop(Exit.NOT_FOUND, f"{found.slug} has no current version: name one with --version")
        template = await version_of(slipway, found, version or str(found.template_id))
        asked: dict[str, Any] = {
            "template_id": template.id, "domain_name": domain, "namespace_name": namespace,
            "release_name": release or namespace,
        }  # fmt: skip
        if set_ or file:
            asked["user_values"] = values.gathered(template.user_schema, file, set_ or [])
        if user:
            asked["user_id"] = (await slipway.users.find(user)).id
        if cluster:
            asked["cluster"] = cluster
        adopted = await slipway.deployments.adopt(**asked)
        await finish(slipway, adopted, wait=wait, timeout=timeout, output=output)
