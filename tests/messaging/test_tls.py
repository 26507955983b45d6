"""An address that says TLS: a server that asks for none is told no password."""

import asyncio

from slipway.messaging.jetstream import JetStreamBroker

INFO = b'INFO {"server_id":"x","version":"2.15.1","headers":true,"auth_required":true,"max_payload":1048576}\r\n'


async def test_a_server_that_asks_for_no_tls_is_told_no_password():
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(INFO)
        said = await reader.read()
        writer.close()
        if not heard.done():
            heard.set_result(said)

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    broker = JetStreamBroker(f"tls://executor:not-for-you@127.0.0.1:{port}", name="test")
    async with asyncio.timeout(30):
        assert await heard == b""
    assert not broker.connected
    await broker.close()
    server.close()
