"""Let a hall work for a long while before hundreds of listeners and a real screen, and watch the memory.

    python -m tools.soak --minutes 20 --listeners 500 --json soak.json

The real web server, relay and live process on servers of their own in a temporary folder, removed afterwards.
Every second somebody takes a number and an officer calls, starts and completes. The system's Chromium shows
the call screen. The slope is that of a straight line through the samples after the first quarter, which only
warms up. What grows without end shows here; what is merely large does not.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import linear_regression
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, async_playwright

from bench import http_load as http
from bench.hall import call_address
from bench.http_load import Client
from bench.push import allow_many_files
from bench.result import load_average
from bench.stage import MOMENT, Stage, running, stage
from bench.town import Place, bearer, make_hall, make_kiosk, make_officers, settle
from kernel import clock
from tools.need_chromium import HOW_TO_GET_IT, find_chromium
from web.live_link import stream_url

OFFICERS = 8
EACH_SECONDS = 1.0
WARM_UP = 0.25
LAST_CHUNK = b"0\r\n"  # the connection stays open after the stream has ended
#: What a process of ours says on its command line.
KINDS = {
    "wsgi:app": "web",
    "cli.main live": "live",
    "cli.main relay": "relay",
    "--type=renderer": "page_process",
}


@dataclass
class Soak:
    """`samples`: seconds and kilobytes by what was measured; `slopes`: kilobytes a minute."""

    minutes: float
    listeners: int
    calls: int = 0
    refused: int = 0
    nudges: int = 0
    reconnected: int = 0
    samples: list[dict[str, float]] = field(default_factory=list)
    slopes: dict[str, float] = field(default_factory=dict)
    load: list[float] = field(default_factory=list)

    def names(self) -> list[str]:
        return [name for name in self.samples[-1] if name != "seconds"]

    def finish(self) -> None:
        """Reckon the slopes."""
        settled = [each for each in self.samples if each["seconds"] >= self.minutes * 60 * WARM_UP]
        minutes = [each["seconds"] / 60 for each in settled]
        for name in self.names():
            line = linear_regression(minutes, [each[name] for each in settled])
            self.slopes[name] = round(line.slope, 2)

    def table(self) -> str:
        """A row for each thing measured."""
        after = next(each for each in self.samples if each["seconds"] >= self.minutes * 60 * WARM_UP)
        rows = [f"{'':14}{'after warm-up':>16}{'at the end':>14}{'slope':>16}"]
        rows += [
            f"{name:14}{after[name]:>16,.0f}{self.samples[-1][name]:>14,.0f}{self.slopes[name]:>12,.1f} /min"
            for name in self.names()
        ]
        told = f"{self.calls:,} calls ({self.refused} refused), {self.nudges:,} nudges heard"
        return "\n".join([*rows, f"{told}, {self.reconnected} streams came back; load {self.load}"])


def run(*, minutes: float, listeners: int, every: float) -> Soak:
    """Work for so many minutes, with a sample every so many seconds."""
    found = Soak(minutes, listeners, load=[load_average()])
    allow_many_files()
    with stage() as made:
        settings = made.parts.settings
        if settings.clock_file is not None:
            clock.set_demo(settings.clock_file, MOMENT, 1.0)
        with made.parts.database.transaction() as session:
            place = make_hall(session, lines=2, counters=40)
            tokens, kiosk = make_officers(session, OFFICERS), make_kiosk(session, place)
        settle(made)
        for number, token in enumerate(tokens, 1):
            made.client.post(f"/api/v1/halls/{place.code}/counters/{number}/open", headers=bearer(token))
        command = [sys.executable, "-m", "cli.main"]
        health = f"{settings.live_base_url}/live/health"
        with running([*command, "live"], settings, health), running([*command, "relay"], settings, ""):
            asyncio.run(_soak(made, place, tokens, kiosk, found, every=every))
    found.load.append(load_average())
    found.finish()
    return found


async def _soak(
    made: Stage, place: Place, tokens: Sequence[str], kiosk: str, found: Soak, *, every: float
) -> None:
    path = find_chromium()
    if path is None:
        raise SystemExit(f"no Chromium: {HOW_TO_GET_IT}")
    ends_at = time.monotonic() + found.minutes * 60
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        page = await browser.new_page(viewport={"width": 1920, "height": 1080})
        await page.goto(f"http://127.0.0.1:{made.port}/screen/{place.code}")
        memory = await page.context.new_cdp_session(page)
        listening = [asyncio.create_task(_listen(made, place, found)) for _ in range(found.listeners)]
        working = asyncio.create_task(_work(made, place, tokens, kiosk, found, ends_at=ends_at))
        began = time.monotonic()
        while not working.done():
            found.samples.append(await _sample(memory) | {"seconds": round(time.monotonic() - began, 1)})
            await asyncio.wait([working], timeout=every)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        await browser.close()
        working.result()


async def _work(
    made: Stage, place: Place, tokens: Sequence[str], kiosk: str, found: Soak, *, ends_at: float
) -> None:
    """Somebody comes and somebody is served, each second."""
    client, turn = Client(made.port), 0
    while time.monotonic() < ends_at:
        began = time.monotonic()
        body = {"group": "AB"[turn % 2], "press_id": f"press-{turn}"}
        await client.ask(http.request("POST", f"/api/v1/halls/{place.code}/tickets", body, bearer(kiosk)))
        clerk = turn % len(tokens)
        headers = bearer(tokens[clerk])
        called = await client.ask(http.request("POST", call_address(place, clerk), headers=headers))
        ticket = called.json()["ticket"] if called.ok else None
        found.calls, found.refused = found.calls + 1, found.refused + (ticket is None)
        for step in ("start", "complete") if ticket else ():
            address = f"/api/v1/halls/{place.code}/tickets/{ticket['label']}/{step}"
            await client.ask(http.request("POST", address, headers=headers))
        turn += 1
        await asyncio.sleep(max(0.0, began + EACH_SECONDS - time.monotonic()))
    await client.close()


async def _listen(made: Stage, place: Place, found: Soak) -> None:
    """A stream lasts ten minutes at most; who listens comes back."""
    address = urlsplit(stream_url(made.parts.settings, f"hall:{place.hall_id}"))
    hello = f"GET {address.path}?{address.query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
            try:
                writer.write(hello)
                while (line := await reader.readline()) not in (b"", LAST_CHUNK):
                    found.nudges += line.startswith(b"event: nudge")
            finally:
                writer.close()
        found.reconnected += 1
        await asyncio.sleep(1.0)


async def _sample(memory: CDPSession) -> dict[str, float]:
    """Kilobytes of each kind of process, and of what the page's scripts hold; nodes of the page."""
    await memory.send("Performance.enable")
    await memory.send("HeapProfiler.collectGarbage")
    metrics = {
        each["name"]: each["value"] for each in (await memory.send("Performance.getMetrics"))["metrics"]
    }
    kilobytes = _kilobytes()
    kilobytes["page_scripts"] = metrics["JSHeapUsedSize"] / 1024
    kilobytes["page_nodes"] = metrics["Nodes"]
    return kilobytes


def _kilobytes() -> dict[str, float]:
    """Proportional memory of everything that we started, by kind."""
    found = dict.fromkeys(KINDS.values(), 0.0)
    for pid in _descendants(os.getpid()):
        with suppress(OSError):
            said = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
            kind = next((kind for words, kind in KINDS.items() if words in said), None)
            if kind is not None and "tether" not in said:
                smaps = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
                found[kind] += float(smaps.partition("\nPss:")[2].split()[0])
    return found


def _descendants(root: int) -> list[int]:
    found, new = [], [root]
    while new:
        children = [_children(pid) for pid in new]
        new = [child for each in children for child in each]
        found += new
    return found


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return [int(word) for task in tasks for word in (task / "children").read_text().split()]
    return []


def main() -> None:
    """Run it, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--listeners", type=int, default=500)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between samples")
    parser.add_argument("--json", type=Path, help="write everything that was measured into this file")
    said = parser.parse_args()
    found = run(minutes=said.minutes, listeners=said.listeners, every=said.every)
    print(found.table())  # noqa: T201  # a tool talks to a person
    if said.json:
        said.json.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
