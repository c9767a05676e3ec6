"""kill -9 of our own processes while people book: nothing acknowledged is lost, nothing happens twice."""

import os
import signal
from pathlib import Path

import pytest

from tests.faults.load import wait_for
from tests.faults.stage import BACK_WITHIN, Stage, now, report, staged

pytestmark = pytest.mark.faults

BOOKINGS = 200


def children(pid: int) -> set[int]:
    return {int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def kill_web_worker(stage: Stage) -> float:
    """One of the processes that answer; gunicorn's master makes another."""
    master = stage.installation.pids()["web"]
    before = children(master)
    began = now()
    os.kill(before.pop(), signal.SIGKILL)
    assert wait_for(lambda: len(children(master)) == 2 and children(master) != before, BACK_WITHIN)
    return began


def kill(stage: Stage, name: str) -> float:
    """A process that the supervisor starts again."""
    pid = stage.installation.pids()[name]
    began = now()
    os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: stage.installation.pids().get(name, pid) != pid, BACK_WITHIN)
    return began


def test_web_killed_in_the_middle_of_200_bookings(tmp_path):
    with staged(tmp_path / "var") as stage, stage.watch() as watch:
        crowd = stage.crowd(BOOKINGS)
        crowd.start_booking()
        for booked in (30, 60):
            crowd.wait_until_booked(booked)
            began = kill_web_worker(stage)
            report("web worker killed", watch.seconds_until_well(began), BACK_WITHIN)
        crowd.wait_until_booked(100)
        began = kill(stage, "web")
        report("web master killed", watch.seconds_until_well(began), BACK_WITHIN)
        crowd.finish()
        assert crowd.booked() == BOOKINGS
        assert any(answer.status == 0 for answer in stage.phone.answers), "the kill was felt"
        stage.check(crowd)


def test_relay_and_workers_killed_while_they_send(tmp_path):
    """As `youhao up` keeps them; tests/faults/test_messages.py does it hundreds of times without the web."""
    with staged(tmp_path / "var", YOUHAO_CONSOLE_DELAY_MS="80") as stage:
        crowd = stage.crowd(200)  # enough that some still book when the last one is killed
        crowd.start_booking()
        for name in ("worker-1", "relay", "worker-2", "live"):
            crowd.wait_until_booked(crowd.booked() + 8)
            kill(stage, name)
        crowd.finish()
        began = now()
        stage.ledger.wait_until_settled()
        report("messages settled after the last kill", now() - began, 30)
        stage.check(crowd)
