"""PostgreSQL goes away and comes back: a clear "try again" meanwhile, and nobody restarts us."""

import os
import shutil
import signal
from contextlib import suppress

import pytest

from runtime import local_postgres
from runtime.server_home import socket_directory, wait_until
from tests.faults.load import Answer, Crowd, wait_for
from tests.faults.stage import BACK_WITHIN, HANGS, Stage, now, report, staged

pytestmark = pytest.mark.faults


def processes(stage: Stage) -> dict[str, int]:
    ours = stage.installation.pids()
    return {name: pid for name, pid in ours.items() if name not in ("postgres", "valkey")}


def assert_clear(refused: list[Answer]) -> None:
    """Every refusal is a problem that says when to come again."""
    assert refused, "nobody met the outage"
    for answer in refused:
        assert answer.kind.startswith("application/problem+json"), answer
        assert answer.code == "database_down", answer
        assert int(answer.retry_after) > 0, answer


def finish_and_check(stage: Stage, crowd: Crowd, ours: dict[str, int]) -> None:
    crowd.finish()
    stage.check(crowd)
    assert processes(stage) == ours, "one of our processes was started again"


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL], ids=["fast shutdown", "kill -9"])
def test_our_own_postgres_ends_while_people_book(tmp_path, sign):
    with staged(tmp_path / "var") as stage, stage.watch() as watch:
        ours = processes(stage)
        crowd = stage.crowd(60)
        for _ in range(2):
            crowd.start_booking(30)  # people book at the kill, however fast they are
            crowd.wait_until_booked(crowd.booked() + 8)
            pid = stage.installation.pids()["postgres"]
            began = now()
            os.kill(pid, sign)
            assert wait_for(lambda pid=pid: stage.installation.pids()["postgres"] != pid, HANGS)
            report(f"postgres ended by {sign.name}", watch.seconds_until_well(began), BACK_WITHIN)
        finish_and_check(stage, crowd, ours)


def test_a_postgres_of_somebody_else_is_away_for_seconds(tmp_path):
    home = tmp_path / "elsewhere"
    postgres = local_postgres.start(home)
    try:
        with staged(tmp_path / "var", database_url=postgres.url) as stage, stage.watch() as watch:
            ours = processes(stage)
            crowd = stage.crowd(60)
            crowd.start_booking()
            crowd.wait_until_booked(8)
            local_postgres.stop(postgres)
            began = now()
            away = [stage.phone.ask("GET", "/services") for _ in range(3)]
            assert wait_until(lambda: now() - began > 5, seconds=HANGS)
            postgres = local_postgres.start(home)
            back = now()
            assert_clear([answer for answer in stage.phone.since(began) if answer.status == 503])
            assert {answer.status for answer in away} == {503}
            report("postgres back after 5 s", watch.seconds_until_well(back), BACK_WITHIN)
            finish_and_check(stage, crowd, ours)
    finally:
        with suppress(ProcessLookupError):
            local_postgres.stop(postgres)
        shutil.rmtree(socket_directory(home), ignore_errors=True)
