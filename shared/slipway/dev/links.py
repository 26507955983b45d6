"""A link that opens the console, signed in as the first admin; it works once, within a minute."""

from slipway.dev.stack import ADMIN_EMAIL, Stack


async def sign_in_link(stack: Stack, email: str = ADMIN_EMAIL) -> str:
    """Return a fresh one-time link to the console of a running system. ServerError when the user is not there."""
    code = await stack.run_once("slipway_api.links", email)
    return f"{stack.api_url}/sign-in#code={code}"
