"""A day file under every policy."""

import json
from dataclasses import replace
from datetime import time

from click.testing import CliRunner

from booking.show_share import LEAST, SHOW_PROBABILITY
from cli.main import youhao
from twin.day_file import BOOKED, OpenLine, format_day
from twin.sim.replay import learned_minutes, learned_shows, people_of, replay, scenario_after, scenario_of
from twin.sim.run import POLICY_NAMES
from twin.synthetic_day import synthetic_day

DAY = synthetic_day(people=60, seed=3)
FORETOLD = {
    f"{who}_{what}"
    for who in ("predict", "baseline_hall", "baseline_les")
    for what in ("mae_min", "hit_share")
}


def test_the_plan_of_the_day_is_the_plan_of_the_scenario():
    scenario = scenario_of(DAY)
    assert (scenario.opens, scenario.closes) == (540, 750)
    assert [scenario.open_minutes(code, 540, 750) for code in ("A", "B")] == [1.5 * 210] * 2


def test_counters_are_open_when_the_plan_needs_them():
    early = OpenLine("A", time(9), time(10), 1.0)
    late = OpenLine("A", time(11), time(12), 1.0)
    scenario = scenario_of(replace(DAY, open=(early, late)))
    spans = [(span.starts, span.ends) for counter in scenario.counters for span in counter.spans]
    assert sorted(spans) == [(540, 600), (660, 720)]


def test_no_shows_stay_away_and_their_numbers_stay_booked():
    people = people_of(DAY)
    away = sum(one.absent and one.track == BOOKED for one in DAY.people)
    assert len(people.people) == len(DAY.people) - away
    assert sum(people.booked.values()) == sum(one.track == BOOKED for one in DAY.people)


def test_everybody_is_called_under_every_policy_and_every_wait_is_foretold():
    told = replay(DAY)
    assert set(told) == set(POLICY_NAMES)
    for figures in told.values():
        refused = round(figures["walk_ins_refused_share"] * figures["walk_ins_asked"])
        assert figures["predicted"] == figures["arrivals"] - refused
        assert figures["predict_mae_min"] < figures["baseline_les_mae_min"]


def test_a_line_whose_counters_close_before_the_hall_is_served_to_the_end():
    short = OpenLine("A", time(9), time(10), 1.0)
    told = replay(replace(DAY, open=(short, OpenLine("B", time(9), time(12, 30), 1.0))), policies=("fifo",))
    figures = told["fifo"]
    refused = round(figures["walk_ins_refused_share"] * figures["walk_ins_asked"])
    assert refused > 0
    assert figures["predicted"] == figures["arrivals"] - refused


def test_the_hall_believes_of_shows_what_it_has_seen_on_enough_earlier_days():
    booked = [one for one in DAY.people if one.track == BOOKED]
    away = replace(DAY, people=(replace(booked[0], absent=True), *booked[1:]))
    share = (len(booked) - 1) / len(booked)
    assert len(booked) < LEAST
    assert learned_shows([]) == learned_shows([away]) == SHOW_PROBABILITY != share
    assert learned_shows([away] * 20) == share
    for group in scenario_after(DAY, [away] * 20).groups:
        assert group.planned_no_show == 1 - share


def test_the_command_writes_the_figures(tmp_path):
    file, out = tmp_path / "day.jsonl", tmp_path / "out.json"
    file.write_text(format_day(DAY), encoding="utf-8")
    done = CliRunner().invoke(youhao, ["twin", "replay", "--day", str(file), "--json", str(out)])
    told = json.loads(out.read_text(encoding="utf-8"))
    assert done.exit_code == 0
    for figures in told["policies"].values():
        assert figures.keys() >= FORETOLD
        assert all(0 < figures[key] <= 1 for key in FORETOLD if key.endswith("_share"))
    file.write_text("{}\n", encoding="utf-8")
    assert CliRunner().invoke(youhao, ["twin", "replay", "--day", str(file)]).exit_code == 1


def test_service_times_learned_on_other_days_stand_instead_of_those_of_the_file():
    slow = replace(DAY, people=tuple(replace(one, minutes=30.0) for one in DAY.people))
    learned = learned_minutes([slow])
    assert set(learned) == {group.code for group in DAY.groups}
    for group in scenario_of(DAY, learned=learned).groups:
        assert group.service_minutes == learned[group.code] > min(g.mean_minutes for g in DAY.groups)
    assert learned_minutes([]) == {}
