"""The numbers of the estimates are made by a command, from day files alone."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from cli.main import youhao
from queueing.capacity import Capacity, Opening
from queueing.estimate import FITTED, Fitted, estimate
from queueing.ordering import Track, Waiting
from queueing.pace import LAST_CASES, pace_error
from queueing.promise import Load
from twin.day_file import format_day
from twin.sim.fit import DRIFTS, LONG_SHARES, fit, histories_of
from twin.synthetic_day import synthetic_day

EARLIER = synthetic_day(people=60, seed=1)
DAY = replace(synthetic_day(people=90, seed=2), on_date=EARLIER.on_date + timedelta(days=1))
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOON, CLOSE = NINE + timedelta(hours=3), NINE + timedelta(hours=8)
OPEN = Capacity([Opening(NINE, CLOSE, 2)])


def told(fitted=FITTED, **load):
    waiting = [Waiting(number, "", Track.WALK_IN, NOON, NINE, number) for number in range(1, 13)]
    return estimate(waiting, (), NINE, capacity=OPEN, load=Load(10, 12, **load), fitted=fitted)[12]


def test_what_is_found_is_the_best_of_what_was_tried():
    found = fit([DAY, EARLIER])
    assert set(found["mae_min_by_long_share"]) == {str(share) for share in LONG_SHARES}
    assert set(found["covered_by_drift"]) == {str(drift) for drift in DRIFTS}
    errors, covered = found["mae_min_by_long_share"], found["covered_by_drift"]
    assert errors[str(found["long_share"])] == min(errors.values())
    assert abs(covered[str(found["drift"])] - 0.8) == min(abs(share - 0.8) for share in covered.values())
    assert found == fit([DAY, EARLIER])


def test_more_drift_makes_wider_ranges_and_the_long_share_shorter_waits():
    narrow, wide = told(Fitted(0.0, 0.0)), told(Fitted(0.3, 0.0))
    assert wide.low_minutes < narrow.low_minutes < narrow.high_minutes < wide.high_minutes
    assert told(Fitted(0.0, 0.2)).expected_minutes < narrow.expected_minutes


def test_ranges_narrow_as_the_pace_of_the_day_is_known():
    morning, later = told(pace_cases=0), told(pace_cases=40)
    assert morning.expected_minutes == later.expected_minutes
    assert later.high_minutes - later.low_minutes < morning.high_minutes - morning.low_minutes
    assert pace_error(0, 0.7) == pytest.approx(0.2475, abs=1e-3)
    assert pace_error(LAST_CASES, 0.7) == pace_error(1000, 0.7) == pytest.approx(0.101, abs=1e-3)


def test_the_command_takes_day_files(tmp_path):
    files = [tmp_path / name for name in ("earlier.jsonl", "day.jsonl")]
    for file, day in zip(files, (EARLIER, DAY), strict=True):
        file.write_text(format_day(day), encoding="utf-8")
    out = tmp_path / "out.json"
    done = CliRunner().invoke(youhao, ["twin", "fit", *map(str, files), "--json", str(out)])
    assert done.exit_code == 0
    assert CliRunner().invoke(youhao, ["twin", "fit", str(files[0])]).exit_code == 2
    assert json.loads(out.read_text(encoding="utf-8")) == fit([DAY, EARLIER])


def test_a_day_is_foretold_by_what_was_learned_on_earlier_days_of_its_hall():
    other, later = replace(DAY, hall_code="other"), replace(DAY, on_date=DAY.on_date + timedelta(days=1))
    assert histories_of([later, other, DAY, EARLIER]) == [([EARLIER], DAY), ([EARLIER, DAY], later)]
