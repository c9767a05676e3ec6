"""push: an officer calls, and a thousand open pages are told.

From the moment that the request of the call is sent: calling, commit, outbox, relay, Redis and the live
process are all in it. The floor writes the same bytes to as many bare sockets.
"""

import asyncio
import resource
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from bench import http_load as http
from bench import push_floor
from bench.hall import call_address, fill_line
from bench.http_load import Client
from bench.result import Result, latencies, percentile
from bench.scale import Scale
from bench.stage import Stage, running
from bench.town import Place, bearer, make_hall, make_officers, settle
from kernel.settings import Settings
from runtime.ports import find_free
from web.live_link import stream_url

GOAL_MS, GOAL_KB = 250.0, 50.0
_REST = 0.5  # seconds between calls: a listener is told at most five times a second
_PATIENCE = 10.0
_FILES = 8192


class Listener:
    """One open stream, and when the latest nudge came, on this process's clock."""

    def __init__(self) -> None:
        self.told_at = 0.0
        self.heard = asyncio.Event()

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Read until the stream ends."""
        while line := await reader.readline():
            if line.startswith(b"event: nudge"):
                self.told_at = time.perf_counter()
                self.heard.set()


def push(stage: Stage, scale: Scale) -> Result:
    """So many listeners of one hall, and one call after the other; the first only warms up."""
    allow_many_files()
    place, tokens = _hall(stage, scale.pushes + 1)
    settings = replace(stage.parts.settings, live_port=find_free())
    stream = urlsplit(stream_url(settings, f"hall:{place.hall_id}"))
    hello = f"GET {stream.path}?{stream.query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    calls = [
        (stage.port, http.request("POST", call_address(place, clerk), headers=bearer(token)))
        for clerk, token in enumerate(tokens)
    ]
    command = [sys.executable, "-m", "cli.main"]
    health = f"{settings.live_base_url}/live/health"
    with running([*command, "live"], settings, health) as live, running([*command, "relay"], settings, ""):
        empty = _memory_kb(live)
        ours, grown = _tell(settings.live_port, hello, calls, listeners=scale.listeners, memory_of=live)
    floor = _floor(settings, scale)
    kilobytes = (grown - empty) / scale.listeners
    missed = scale.listeners * scale.pushes - len(ours)
    p99, bare = (percentile(each, 99) * 1000 for each in (ours, floor))
    return Result(
        "push",
        "ms p99",
        ours=round(p99, 1),
        goal=f"p99 ≤ {GOAL_MS:.0f} ms, ≤ {GOAL_KB:.0f} KB a listener",
        meets=(p99 <= GOAL_MS and kilobytes <= GOAL_KB) if scale.judged else None,
        runs=scale.pushes,
        floor=round(bare, 1),
        violations=[f"{missed} nudges did not come"] if missed else [],
        note=f"{scale.listeners:,} listeners, {scale.pushes} calls; {kilobytes:.1f} KB a listener",
        facts={"kb_per_listener": round(kilobytes, 1)},
        **latencies(ours),  # type: ignore[arg-type]  # by name
    )


def _hall(stage: Stage, clerks: int) -> tuple[Place, list[str]]:
    """Each officer calls once."""
    with stage.parts.database.transaction() as session:
        place = make_hall(session, lines=1, counters=clerks)
        tokens = make_officers(session, clerks)
    fill_line(stage, place, clerks)
    settle(stage)
    for number, token in enumerate(tokens, 1):
        stage.client.post(f"/api/v1/halls/{place.code}/counters/{number}/open", headers=bearer(token))
    return place, tokens


def _floor(settings: Settings, scale: Scale) -> list[float]:
    port = find_free()
    script = str(Path(push_floor.__file__))
    with running([sys.executable, script, str(port)], settings, f"http://127.0.0.1:{port}/"):
        pushes = [(port, b"push\n")] * (scale.pushes + 1)
        return _tell(port, b"listen\n", pushes, listeners=scale.listeners)[0]


def _tell(
    port: int, hello: bytes, pushes: Sequence[tuple[int, bytes]], *, listeners: int, memory_of: int = 0
) -> tuple[list[float], int]:
    """Seconds from each push but the first to each listener that heard it, and the memory with all there."""
    return asyncio.run(_tell_all(port, hello, pushes, listeners=listeners, memory_of=memory_of))


async def _tell_all(
    port: int, hello: bytes, pushes: Sequence[tuple[int, bytes]], *, listeners: int, memory_of: int
) -> tuple[list[float], int]:
    everybody = [Listener() for _ in range(listeners)]
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in everybody]
    for _, writer in opened:
        writer.write(hello)
    for reader, _ in opened:
        await reader.readline()
    reading = [
        asyncio.create_task(listener.listen(reader))
        for listener, (reader, _) in zip(everybody, opened, strict=True)
    ]
    await asyncio.sleep(_REST)
    found = [await _push(at, asked, everybody) for at, asked in pushes]
    seconds = [each for told in found[1:] for each in told]
    memory = _memory_kb(memory_of) if memory_of else 0
    for task in reading:
        task.cancel()
    for _, writer in opened:
        writer.close()
    return seconds, memory


async def _push(port: int, asked: bytes, everybody: Sequence[Listener]) -> list[float]:
    for listener in everybody:
        listener.heard.clear()
    client = Client(port)
    began = time.perf_counter()
    answer = await client.ask(asked)
    if not answer.ok:
        return []
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            for listener in everybody:
                await listener.heard.wait()
    await client.close()
    await asyncio.sleep(_REST)
    return [listener.told_at - began for listener in everybody if listener.heard.is_set()]


def _memory_kb(pid: int) -> int:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0])


def allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
