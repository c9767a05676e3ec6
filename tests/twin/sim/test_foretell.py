"""What is said of predictions is counted over all rows of the days, and by a command that anybody can run."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner

from cli.main import youhao
from twin.day_file import BOOKED, format_day
from twin.sim.foretell import HOURS, TOLD, _report, foretell
from twin.sim.predictions import Foretold
from twin.sim.replay import replay
from twin.synthetic_day import synthetic_day

EARLIER = synthetic_day(people=60, seed=1)
DAY = replace(synthetic_day(people=90, seed=2), on_date=EARLIER.on_date + timedelta(days=1))
ELSEWHERE = replace(DAY, hall_code="elsewhere")


def row(predicted, wait, low, high, hour=9):
    return Foretold(predicted, low, high, hall=1.0, les=2 * predicted, hour=hour, wait=wait, called=True)


def test_a_day_is_foretold_as_its_replay_foretells_it():
    found = foretell([DAY], fit=[EARLIER, replace(ELSEWHERE, people=())])
    wanted = replay(DAY, policies=("promise",), fit=[EARLIER])["promise"]
    (day, hall) = found.values()
    assert list(found) == [f"{DAY.hall_code} {DAY.on_date}", DAY.hall_code]
    assert day == hall
    for name in ("predicted", "predict_mae_min", "predict_hit_share", "predict_interval_share"):
        assert day[name] == wanted[name]
    assert day["mae_to_les"] == pytest.approx(day["predict_mae_min"] / day["baseline_les_mae_min"], abs=1e-4)
    assert day["booked_share"] == round(sum(one.track == BOOKED for one in DAY.people) / 90, 4)


def test_all_days_together_are_all_their_rows_not_the_mean_of_the_days():
    found = foretell([EARLIER, DAY, ELSEWHERE], fit=[])
    assert list(found)[3:] == [DAY.hall_code, "elsewhere", "all"]
    days, whole = list(found.values())[:3], found["all"]
    assert whole["days"] == 3
    assert whole["predicted"] == sum(day["predicted"] for day in days)
    error = sum(day["predict_mae_min"] * day["predicted"] for day in days) / whole["predicted"]
    assert whole["predict_mae_min"] == pytest.approx(error, abs=1e-3)
    for classes in ("interval_by_told_min", "interval_by_hour"):
        assert sum(each["people"] for each in whole[classes].values()) == whole["told_range"]


def test_ranges_are_counted_by_what_was_foretold_and_when_and_now_is_no_range():
    rows = [
        row(1, 1, 0, 2),  # "now"
        row(10, 12, 8, 12, hour=7),
        row(10.5, 20, 8, 14, hour=8),
        row(30, 25, 28, 40, hour=16),
        row(60, 61, 40, 80, hour=15),
        row(61, 99, 50, 90, hour=15),
    ]
    found = _report([(DAY, rows)])
    assert (found["told_range"], found["predict_interval_share"]) == (5, 0.4)
    assert (found["interval_below_share"], found["interval_above_share"]) == (0.2, 0.4)
    told = {
        name: (each["people"], each["within_share"]) for name, each in found["interval_by_told_min"].items()
    }
    assert told == {"<=10": (1, 1.0), "10-30": (2, 0.0), "30-60": (1, 1.0), ">60": (1, 0.0)}
    hours = {name: each["people"] for name, each in found["interval_by_hour"].items()}
    assert hours == {"<8": 1, "8-10": 1, "10-12": 0, "12-14": 0, "14-16": 2, ">=16": 1}
    assert list(TOLD) == list(told)
    assert list(HOURS) == list(hours)


def test_the_command_prints_the_table_and_learns_on_no_day_that_it_foretells(tmp_path):
    files = [tmp_path / name for name in ("earlier.jsonl", "day.jsonl")]
    for file, day in zip(files, (EARLIER, DAY), strict=True):
        file.write_text(format_day(day), encoding="utf-8")
    out = tmp_path / "out.json"
    command = ["twin", "foretell", str(files[1]), "--fit", str(files[0]), "--json", str(out)]
    done = CliRunner().invoke(youhao, command)
    assert done.exit_code == 0, done.output
    assert f"| {DAY.hall_code} {DAY.on_date} |" in done.output
    assert "Within it by the minutes foretold: <=10 " in done.output
    assert json.loads(out.read_text(encoding="utf-8")) == foretell([DAY], fit=[EARLIER])
    refused = CliRunner().invoke(youhao, ["twin", "foretell", str(files[1]), "--fit", str(files[1])])
    assert refused.exit_code == 2
    assert "to learn from" in refused.output
