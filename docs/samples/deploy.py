"""Deploy a product under a domain and follow its events until it is ready."""

import asyncio
import os
import sys

from slipway.client import Refused, Slipway


async def main(domain: str) -> int:
    async with Slipway(os.environ["SLIPWAY_API_URL"], token=os.environ.get("SLIPWAY_TOKEN", "")) as slipway:
        if "SLIPWAY_TOKEN" not in os.environ:
            await slipway.http.login(os.environ["SLIPWAY_ADMIN_EMAIL"], os.environ["SLIPWAY_ADMIN_PASSWORD"])
        product = await slipway.products.find("hello")
        try:
            asked = await slipway.deployments.create(
                product_id=product.id, domain_name=domain, user_values={"replicas": 2}
            )
        except Refused as error:
            print(error, file=sys.stderr)
            return 1
        last = None
        while not asked.settled:
            async for event in slipway.insight.events(asked.id, after=last):
                print(event.time, event.type)
                last = event.slipwayseq
            asked = await slipway.deployments.get(asked.id)
        print(asked.deployment_uid, "is", asked.status)
        return 0 if asked.status == "ready" else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
