"""A call screen in a browser: right again within seconds, whatever its stream loses.

Nudges are lost on the way, the live process is killed, the gateway answers 502: the page must not show an old
state for longer than 15 s, and be live within 5 s of a restart and 15 s of a 502.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.faults.hall_day import COUNTER, call_next, open_counter, serve_next, take_tickets
from tests.faults.load import read, wait_for
from tests.faults.lossy_stream import BAD_GATEWAY, GOOD, LOSSY, LossyStream
from tests.faults.stage import HANGS, Stage, now, report, staged
from tests.journey.browser import SCREEN, Faces
from tests.journey.hands import Screen
from tests.running import two_free_ports

pytestmark = [pytest.mark.faults, pytest.mark.browser]

WRONG_FOR = 15.0  # seconds that a screen may show what is no longer so
AFTER_RESTART, AFTER_502 = 5.0, 15.0
LIVE = "实时更新中"


@pytest.fixture
def hall(tmp_path: Path, chromium: Browser) -> Iterator[tuple[Stage, LossyStream, Page]]:
    """An installation whose pages listen through the proxy, a counter at work, and a screen."""
    port = two_free_ports()
    with (
        LossyStream(port + 1) as proxy,
        staged(tmp_path / "var", port=port, YOUHAO_LIVE_URL=f"http://127.0.0.1:{proxy.port}") as stage,
    ):
        open_counter(stage)
        take_tickets(stage, 12)
        faces = Faces(chromium, stage.installation.url)
        screen = Screen(faces.open(SCREEN))
        screen.hang_up()
        yield stage, proxy, screen.page
        faces.close()


def seconds_until_shown(stage: Stage, page: Page) -> float:
    """From the call to the moment at which the screen shows it."""
    label, began = call_next(stage), now()
    Screen(page).wait_for(label, str(COUNTER), seconds=HANGS)
    shown = now() - began
    serve_next(stage, label)
    return shown


def answers(address: str) -> bool:
    try:
        return read(address, timeout=3).status_code == 200
    except requests.RequestException:
        return False


def seconds_until_live(page: Page) -> float:
    began = now()
    expect(page.get_by_text(LIVE)).to_be_visible(timeout=HANGS * 1000)
    return now() - began


def test_a_lost_message_never_leaves_a_screen_wrong_for_more_than_fifteen_seconds(
    hall: tuple[Stage, LossyStream, Page],
) -> None:
    stage, proxy, page = hall
    report("a call on a screen", seconds_until_shown(stage, page), WRONG_FOR)
    proxy.mode = LOSSY
    slowest = max(seconds_until_shown(stage, page) for _ in range(4))
    report("a call on a screen whose nudges are all lost", slowest, WRONG_FOR)
    assert proxy.lost >= 4, "nothing was lost: this proves nothing"


def test_a_screen_is_back_after_the_live_process_is_killed(hall: tuple[Stage, LossyStream, Page]) -> None:
    stage, _proxy, page = hall
    health = f"http://127.0.0.1:{stage.installation.port + 1}/live/health"
    for _ in range(2):
        pid = stage.installation.pids()["live"]
        os.kill(pid, signal.SIGKILL)
        assert wait_for(lambda pid=pid: stage.installation.pids().get("live", pid) != pid, HANGS)
        assert wait_for(lambda: answers(health), HANGS)
        report("screen live after the live process is back", seconds_until_live(page), AFTER_RESTART)
        report("a call on it then", seconds_until_shown(stage, page), AFTER_RESTART)


def test_a_screen_is_back_after_a_bad_gateway(hall: tuple[Stage, LossyStream, Page]) -> None:
    """However many tries had failed: here those of twenty seconds. Meanwhile the page asks by itself."""
    stage, proxy, page = hall
    proxy.mode = BAD_GATEWAY
    proxy.cut()
    expect(page.get_by_text("连接中断")).to_be_visible(timeout=HANGS * 1000)
    began = now()
    report("a call on a screen that meets only 502", seconds_until_shown(stage, page), WRONG_FOR)
    assert wait_for(lambda: now() - began > 20, HANGS)
    proxy.mode = GOOD
    report("screen live after 502 ended", seconds_until_live(page), AFTER_502)
    report("a call on it then", seconds_until_shown(stage, page), AFTER_RESTART)
