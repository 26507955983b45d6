"""The client of Slipway's HTTP API: typed, asynchronous, one module per noun.

    async with Slipway("http://127.0.0.1:8080", token=token) as slipway:
        product = await slipway.products.find("hello")
        asked = await slipway.deployments.create(product_id=product.id, domain_name="first.example.org")
        async for event in slipway.events.follow():
            ...

Answers are frozen Structs; fields that a newer server adds are ignored. A refusal is `Refused`, a server that does not
answer `Unreachable`. Calls that may be repeated are, when the server says "later".
"""

from slipway.client.http import Refused, Unreachable
from slipway.client.paging import NotFound
from slipway.client.slipway import Slipway

__all__ = ["NotFound", "Refused", "Slipway", "Unreachable"]
