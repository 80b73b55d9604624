"""TLS in front of any server: not every server's program has been built with it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from pathlib import Path
from typing import Self

import trustme

__all__ = ("Certificates", "TLSFront")


class Certificates:
    """An authority of our own, a certificate for ``localhost`` and one for a client, as files."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = trustme.CA()
        server = authority.issue_cert("localhost")
        client = authority.issue_cert("client@example.org")
        self.authority = directory / "ca.pem"
        self.server = directory / "server.pem"
        self.client = directory / "client.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        server.private_key_and_cert_chain_pem.write_to_path(str(self.server))
        client.private_key_and_cert_chain_pem.write_to_path(str(self.client))


class TLSFront:
    """Accepts TLS on a port of its own and passes what comes on to a plain port.

    Args:
        target: The plain port on 127.0.0.1.
        certificates: What to show, and whose clients to accept.
        ask_client: Whether clients must show a certificate.
    """

    def __init__(
        self, target: int, certificates: Certificates, *, ask_client: bool = False
    ) -> None:
        self._target = target
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificates.server)
        if ask_client:
            self._context.load_verify_locations(certificates.authority)
            self._context.verify_mode = ssl.CERT_REQUIRED
        self._listening = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self.port = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._listening.wait(10):
            raise RuntimeError("the TLS front does not listen")

    def close(self) -> None:
        """Close all connections and the port."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        # Not every client says goodbye before it hangs up.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._closing.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        plain_reader, plain_writer = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_copy(reader, plain_writer))
                both.create_task(_copy(plain_reader, writer))
        finally:
            for end in (writer, plain_writer):
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()
