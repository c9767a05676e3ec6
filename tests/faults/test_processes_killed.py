"""kill -9 of our own processes while people book: nothing acknowledged is lost, nothing happens twice."""

import os
import signal
from pathlib import Path

import pytest

from tests.faults.load import wait_for
from tests.faults.stage import BACK_WITHIN, HANGS, Stage, now, report, staged

pytestmark = pytest.mark.faults

BOOKINGS = 200


def children(pid: int) -> set[int]:
    return {int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def kill_web_worker(stage: Stage) -> float:
    """One of the processes that answer; gunicorn's master makes another."""
    master = stage.installation.pids()["web"]
    before = children(master)
    killed = min(before)
    began = now()
    os.kill(killed, signal.SIGKILL)
    assert wait_for(lambda: killed not in children(master) and len(children(master)) == len(before), HANGS)
    return began


def kill(stage: Stage, name: str) -> float:
    """A process that the supervisor starts again."""
    pid = stage.installation.pids()[name]
    began = now()
    os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: stage.installation.pids().get(name, pid) != pid, HANGS)
    return began


def kill_master(stage: Stage) -> float:
    """The one that keeps the web workers."""
    return kill(stage, "web")


def test_web_killed_in_the_middle_of_200_bookings(tmp_path):
    with staged(tmp_path / "var") as stage, stage.watch() as watch:
        crowd = stage.crowd(BOOKINGS)
        for kill_it, what in (
            (kill_web_worker, "worker"),
            (kill_web_worker, "worker"),
            (kill_master, "master"),
        ):
            crowd.start_booking(BOOKINGS // 4)  # people book at the kill, however fast they are
            crowd.wait_until_booked(crowd.booked() + 8)
            began = kill_it(stage)
            report(f"web {what} killed", watch.seconds_until_well(began), BACK_WITHIN)
        crowd.start_booking()
        crowd.finish()
        assert crowd.booked() == BOOKINGS
        assert any(answer.status == 0 for answer in stage.phone.answers), "the kill was felt"
        stage.check(crowd)


def test_relay_and_workers_killed_while_they_send(tmp_path):
    """As `youhao up` keeps them; tests/faults/test_messages.py does it hundreds of times without the web."""
    with staged(tmp_path / "var", YOUHAO_CONSOLE_DELAY_MS="80") as stage:
        crowd = stage.crowd(BOOKINGS)
        for name in ("worker-1", "relay", "worker-2", "live"):
            crowd.start_booking(BOOKINGS // 5)  # people book at the kill, however fast they are
            crowd.wait_until_booked(crowd.booked() + 8)
            kill(stage, name)
        crowd.start_booking()
        crowd.finish()
        began = now()
        stage.ledger.wait_until_settled()
        report("messages settled after the last kill", now() - began, 30)
        stage.check(crowd)
