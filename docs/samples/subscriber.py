"""An auditor's subscriber: prints every event once, in order, and knows when one is missing.

NATS_URL says where (tls://user:password@host:port, or nats://), NATS_CA which authority a tls:// server is known by. The
position of the last event is kept in a file, so that the next run goes on where this one ended.
"""

import argparse
import asyncio
import json
import os
import ssl
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nats
from nats.js.api import ConsumerConfig, DeliverPolicy

STREAM = "SLIPWAY_EVENTS"


def connection() -> dict:
    """Return how to connect: a user's replies come to inboxes that nobody else can hear."""
    url = urlsplit(os.environ["NATS_URL"])
    options = {"servers": os.environ["NATS_URL"], "name": "auditor"}
    if url.username:
        options["inbox_prefix"] = f"_INBOX_{unquote(url.username)}"
    if url.scheme == "tls":
        options["tls"] = ssl.create_default_context(cafile=os.environ.get("NATS_CA") or None)
    return options


async def follow(state: Path, count: int) -> int:
    """Print events until `count` were seen (0: for ever); return 1 when one is missing."""
    seen = json.loads(state.read_text()) if state.exists() else {"sequence": 0, "epoch": 0, "position": 0}
    client = await nats.connect(**connection())
    start = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=seen["sequence"] + 1)
    subscription = await client.jetstream().subscribe(">", stream=STREAM, ordered_consumer=True, config=start)
    printed = 0
    try:
        while not count or printed < count:
            message = await subscription.next_msg(timeout=None)
            event = json.loads(message.data)
            epoch, position = event["slipwayepoch"], event["slipwaypos"]
            new_epoch = epoch > seen["epoch"]  # after a restored backup positions begin again in a new epoch
            if seen["position"] and not new_epoch and position != seen["position"] + 1:
                print(f"missing: after {seen['position']} came {position}", file=sys.stderr)
                return 1
            print(event["time"], event["type"], event.get("subject", ""), event["data"].get("actor", {}).get("id", ""))
            seen = {"sequence": message.metadata.sequence.stream, "epoch": epoch, "position": position}
            state.write_text(json.dumps(seen))  # after the event was dealt with: a crash repeats it, and loses none
            printed += 1
    finally:
        await client.close()
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--state", type=Path, default=Path("auditor.json"), help="where the position is kept")
    parser.add_argument("--count", type=int, default=0, help="end after so many events; 0 goes on for ever")
    arguments = parser.parse_args()
    sys.exit(asyncio.run(follow(arguments.state, arguments.count)))
