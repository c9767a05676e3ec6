"""The live process, run as it is run: a process of its own, real Redis, real streams."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from kernel import nudge
from runtime.redis_client import make_client
from runtime.server_home import wait_until
from runtime.supervisor import answers_http
from tests.running import two_free_ports
from tests.runtime.conftest import StartServer

SECRET = "a secret of the tests"
LISTENERS = 200
HANGS = 60.0  # seconds; what has not come then never does
AT_ONCE = 20.0  # aiohttp would wait a minute for open streams


@dataclass(frozen=True)
class Live:
    process: subprocess.Popen[bytes]
    base: str
    redis_url: str

    def stream_url(self, *topics: str, signed: tuple[str, ...] | None = None) -> str:
        token = nudge.sign_topics(SECRET, topics if signed is None else signed)
        return f"{self.base}/live/stream?topics={','.join(topics)}&token={token}"

    def resident_kb(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def nudge(self, *topics: str) -> None:
        client = make_client(self.redis_url)
        assert nudge.publish(client, topics)
        client.close()


@pytest.fixture
def live(redis_url: str) -> Iterator[Live]:
    yield from run_live(redis_url)


def run_live(redis_url: str, *, beat: float = 10.0) -> Iterator[Live]:
    port = two_free_ports()
    code = (
        "from runtime import live; "
        f"live.BEAT_SECONDS = {beat}; "
        f"live.run(live.LiveConfig('127.0.0.1', {port}, {redis_url!r}, {SECRET!r}, 'http://hall.example'))"
    )
    base = f"http://127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        assert wait_until(answers_http(f"{base}/live/health"), seconds=HANGS)
        yield Live(process, base, redis_url)
        process.terminate()
        process.wait(HANGS)


@dataclass(frozen=True)
class Event:
    name: str
    data: dict[str, object]
    id: str


async def events(response: aiohttp.ClientResponse) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for line in response.content:
        text = line.decode().rstrip("\n")
        if text:
            name, _, value = text.partition(": ")
            fields[name] = value
        else:
            if "event" in fields:
                yield Event(fields["event"], json.loads(fields["data"]), fields["id"])
            fields = {}


async def the_next(stream: AsyncIterator[Event], name: str, *, seconds: float = HANGS) -> Event:
    async with asyncio.timeout(seconds):
        async for event in stream:
            if event.name == name:
                return event
    raise AssertionError(f"the stream ended without {name}")


class Visitor:
    """A browser with any number of pages; all are closed at the end."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._open: list[aiohttp.ClientResponse] = []

    async def get(self, url: str, **options: Any) -> aiohttp.ClientResponse:
        response = await self._session.get(url, **options)
        self._open.append(response)
        return response

    async def post(self, url: str) -> aiohttp.ClientResponse:
        response = await self._session.post(url)
        self._open.append(response)
        return response

    def close(self) -> None:
        for response in self._open:
            response.close()


def visit(work: Callable[[Visitor], Awaitable[None]]) -> None:
    async def run() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            visitor = Visitor(session)
            try:
                await work(visitor)
            finally:
                visitor.close()

    asyncio.run(run())


def test_every_listener_hears_one_nudge(live: Live) -> None:
    async def work(client: Visitor) -> None:
        before = live.resident_kb()
        responses = [await client.get(live.stream_url("hall:1")) for _ in range(LISTENERS)]
        streams = [events(response) for response in responses]
        await asyncio.gather(*(the_next(stream, "refetch") for stream in streams))
        grown = live.resident_kb() - before
        await asyncio.sleep(0.3)  # the pause after a first word
        await asyncio.to_thread(live.nudge, "hall:1")
        heard = await asyncio.gather(*(the_next(stream, "nudge") for stream in streams))
        assert {event.data["topic"] for event in heard} == {"hall:1"}
        assert len({event.id for event in heard}) == 1
        assert grown / LISTENERS <= 50

    visit(work)


def test_other_topics_are_not_heard(live: Live) -> None:
    async def work(client: Visitor) -> None:
        stream = events(await client.get(live.stream_url("hall:1")))
        await the_next(stream, "refetch")
        await asyncio.to_thread(live.nudge, "hall:2")
        await asyncio.to_thread(live.nudge, "hall:1")
        assert (await the_next(stream, "nudge")).data["topic"] == "hall:1"

    visit(work)


def test_a_returning_page_hears_what_it_missed(live: Live) -> None:
    async def work(client: Visitor) -> None:
        first = await client.get(live.stream_url("hall:1"))
        stream = events(first)
        await the_next(stream, "refetch")
        await asyncio.to_thread(live.nudge, "hall:1")
        seen = (await the_next(stream, "nudge")).id
        first.close()
        other = events(await client.get(live.stream_url("hall:1")))
        await asyncio.to_thread(live.nudge, "hall:1")
        await the_next(other, "nudge")
        for more, headers in (("", {"Last-Event-ID": seen}), (f"&last_event_id={seen}", {})):
            again = await client.get(live.stream_url("hall:1") + more, headers=headers)
            async for event in events(again):
                assert event.name == "nudge"
                break

    visit(work)


def test_a_strange_page_is_refused_with_a_problem(live: Live) -> None:
    async def work(client: Visitor) -> None:
        for url, status, code in (
            (live.stream_url("hall:1", signed=("hall:2",)), 403, "live_token_refused"),
            (f"{live.base}/live/stream?topics=hall:1&token=forged", 403, "live_token_refused"),
            (f"{live.base}/live/stream?topics=hall:1", 403, "live_token_refused"),
            (live.stream_url(), 422, "live_topics_invalid"),
            (live.stream_url("<script>"), 422, "live_topics_invalid"),
            (live.stream_url(*(f"t{n}" for n in range(21))), 422, "live_topics_invalid"),
        ):
            answer = await client.get(url)
            assert answer.status == status
            assert answer.content_type == "application/problem+json"
            assert json.loads(await answer.text())["code"] == code
        assert (await client.post(live.stream_url("hall:1"))).status == 405

    visit(work)


def test_pages_of_the_public_address_may_read(live: Live) -> None:
    async def work(client: Visitor) -> None:
        answer = await client.get(live.stream_url("hall:1"))
        assert answer.headers["Access-Control-Allow-Origin"] == "http://hall.example"
        assert answer.content_type == "text/event-stream"
        assert (await answer.content.readline()) == b"retry: 1000\n"

    visit(work)


def test_a_listener_that_left_is_forgotten(live: Live) -> None:
    async def listeners(client: Visitor) -> int:
        answer = await client.get(f"{live.base}/live/health")
        return int((await answer.json())["listeners"])

    async def work(client: Visitor) -> None:
        answer = await client.get(live.stream_url("hall:1"))
        await the_next(events(answer), "refetch")
        assert await listeners(client) == 1
        answer.close()
        deadline = time.monotonic() + HANGS
        while await listeners(client):
            assert time.monotonic() < deadline

    visit(work)


def test_sigterm_ends_open_streams_at_once(live: Live) -> None:
    async def work(client: Visitor) -> None:
        answer = await client.get(live.stream_url("hall:1"))
        stream = events(answer)
        await the_next(stream, "refetch")
        live.process.terminate()
        async for _ in stream:
            pass
        assert await asyncio.to_thread(live.process.wait, AT_ONCE) == 0

    visit(work)


def test_a_quiet_line_beats(redis_url: str) -> None:
    runs = run_live(redis_url, beat=0.2)
    live = next(runs)

    async def work(client: Visitor) -> None:
        stream = events(await client.get(live.stream_url("hall:1")))
        assert (await the_next(stream, "beat")).data == {"fed": True}

    visit(work)
    list(runs)


@pytest.mark.faults
def test_after_redis_came_back_everybody_refetches_and_hears_again(
    var: Path, start_valkey: StartServer
) -> None:
    valkey = start_valkey(var)
    runs = run_live(valkey.url, beat=0.2)
    live = next(runs)

    async def work(client: Visitor) -> None:
        stream = events(await client.get(live.stream_url("hall:1")))
        await the_next(stream, "refetch")
        os.kill(valkey.pid, signal.SIGKILL)
        async with asyncio.timeout(HANGS):
            while (await the_next(stream, "beat")).data != {"fed": False}:
                pass
        assert wait_until(lambda: not valkey.is_alive(), seconds=HANGS)
        await asyncio.to_thread(start_valkey, var)
        await the_next(stream, "refetch")
        await asyncio.to_thread(live.nudge, "hall:1")
        await the_next(stream, "nudge")

    visit(work)
    list(runs)
