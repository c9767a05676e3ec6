"""Clients over kept connections, cheap enough to share two cores with the server that they ask."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from web.device import COOKIE, cookie_of

SECONDS = 60.0  # after which an answer counts as a time-out
_IDLE = 3.0  # the server closes a kept connection after five


@dataclass(frozen=True, slots=True)
class Answer:
    """Status 0 is a time-out or a broken connection."""

    status: int
    body: bytes
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the request was done."""
        return 200 <= self.status < 300  # noqa: PLR2004 - what HTTP calls success

    def json(self) -> Any:
        """The body read."""
        return json.loads(self.body)


class Client:
    """One connection of one citizen or device at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used_at = 0.0

    async def ask(self, request: bytes) -> Answer:
        """Send, and wait for the answer. Never sent twice: a booking must not be."""
        began = time.perf_counter()
        try:
            async with asyncio.timeout(SECONDS):
                status, body = await self._ask(request)
        except (OSError, EOFError, TimeoutError):
            await self.close()
            status, body = 0, b""
        return Answer(status, body, time.perf_counter() - began)

    async def close(self) -> None:
        """End the connection."""
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        if time.monotonic() - self._used_at > _IDLE:
            await self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        body = await reader.readexactly(int(length or b"0"))
        self._used_at = time.monotonic()
        if b"connection: close" in head:
            await self.close()
        return int(head[9:12]), body


def request(
    method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """A whole request, made before the clock runs."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(content)}"]
    lines += ["Content-Type: application/json"] if body is not None else []
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def from_address(serial: int) -> dict[str, str]:
    """Every citizen has an address of their own, as limits per address see it behind a proxy."""
    return {"X-Forwarded-For": f"10.{serial >> 16 & 255}.{serial >> 8 & 255}.{serial & 255}"}


def browser(serial: int) -> dict[str, str]:
    """And a browser of their own, which has seen a page: it shows the cookie that it was given."""
    return from_address(serial) | {"Cookie": f"{COOKIE}={cookie_of(f'browser-{serial:08d}')}"}


Work = Callable[[Client, int], Awaitable[None]]


def all_at_once(port: int, clients: int, work: Work) -> float:
    """Run `work(client, n)` for each of so many connected clients; the seconds until the last is done."""
    return asyncio.run(_all(port, clients, work))


def for_seconds(port: int, clients: int, work: Work, seconds: float) -> float:
    """Each client repeats `work(client, n)` until the time is over; the seconds that it took."""
    ends_at = time.perf_counter() + seconds

    async def again(client: Client, number: int) -> None:
        while time.perf_counter() < ends_at:
            await work(client, number)

    return all_at_once(port, clients, again)


async def _all(port: int, clients: int, work: Work) -> float:
    everybody = [Client(port) for _ in range(clients)]
    began = time.perf_counter()
    await asyncio.gather(*(work(client, number) for number, client in enumerate(everybody)))
    seconds = time.perf_counter() - began
    await asyncio.gather(*(client.close() for client in everybody))
    return seconds
