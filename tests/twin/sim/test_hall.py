"""A simulated day: what must hold under every policy."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queueing.ordering import POLICIES
from tests.twin.sim.halls import counter, group, hall, play
from twin.sim.hall import HallDay
from twin.sim.people import draw_day
from twin.sim.plan import minute_of
from twin.sim.run import POLICY_NAMES, WALK_IN_ONLY, rule_of, run, run_beside
from twin.sim.scenario import Closure, CounterPlan, Flex, Skills, Span, Surge, Wave
from twin.sim.scenario_file import parse_scenario

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "scenarios"

halls = st.builds(
    lambda load, booked, cv, missed, returns, shared: hall(
        group(load=load, booked_share=booked, service_cv=cv, missed_share=missed, return_share=returns),
        group("B", load=load, booked_share=booked),
        counters=(counter(1), counter(2, ("B",)), counter(3, ("A", "B") if shared else ("A",))),
    ),
    load=st.floats(0.2, 1.3),
    booked=st.floats(0, 0.8),
    cv=st.floats(0, 1.5),
    missed=st.floats(0, 0.3),
    returns=st.floats(0, 0.3),
    shared=st.booleans(),
)
policies = st.sampled_from(POLICY_NAMES)


@settings(max_examples=25, deadline=None)
@given(halls, policies, st.integers(0, 5))
def test_everybody_who_gets_a_number_is_called_and_nobody_is_counted_twice(scenario, policy, seed):
    people, played, tally = play(scenario, policy=policy, seed=seed)
    tickets = played._desk.tickets
    assert all(ticket.called for ticket in tickets)
    assert len(tally.waits) == len(tickets) == tally.started
    assert len(tickets) + tally.walk_ins_refused + tally.greens_refused == len(people.people)
    assert min(tally.waits, default=0) >= 0


@settings(max_examples=25, deadline=None)
@given(halls, policies, st.integers(0, 5))
def test_nobody_starts_while_all_counters_are_busy_or_closed(scenario, policy, seed):
    _, played, _ = play(scenario, policy=policy, seed=seed)
    assert not any(one.busy for one in played._counters)
    assert all(not line.lineup and line.busy == 0 for line in played._desk.lines)


class Noted(HallDay):
    """Remembers which counter called a ticket of which group, and when."""

    def _call_next(self, at, now):
        before = self._called
        super()._call_next(at, now)
        if self._called > before:
            self.noted.append((at, self._desk.lines.index(self._last), minute_of(now)))

    def _take(self, line, ticket, now):
        self._last = line
        super()._take(line, ticket, now)


def noted(scenario, *, seed, policy="promise"):
    people, only = draw_day(scenario, seed=seed, day=0), policy == WALK_IN_ONLY
    day = Noted(scenario, people, rule_of(scenario, policy), day=0, walk_in_only=only)
    day.noted = []
    day.play()
    return day.noted


@pytest.mark.parametrize("seed", range(3))
def test_a_shared_counter_calls_in_each_half_hour_whom_it_serves_then(seed):
    text = (EXAMPLES / "two-lines-normal.toml").read_text(encoding="utf-8")
    scenario = parse_scenario(text)
    codes = [group.code for group in scenario.groups]
    served = set()
    for at, line, minute in noted(scenario, seed=seed):
        if at < len(scenario.counters) and minute < scenario.closes:
            skills = [
                each for span, each in scenario.counters[at].skills() if span.starts <= minute < span.ends
            ]
            assert [codes[line] in each.groups for each in skills] == [True]
            served.add((at, codes[line], minute < 660, 810 <= minute < 930))
    for shared in (5, 6):
        assert (shared, "A", True, False) in served
        assert (shared, "B", False, True) in served


def test_a_counter_that_was_the_last_of_a_line_serves_it_to_the_end_beside_its_next_one():
    """Nobody who was admitted is left when the skills change."""
    morning, rest = Span(540, 720), Span(720, 1020)
    skills = (Skills(("A",), (1.0,)), Skills(("B",), (1.0,)))
    only = CounterPlan(1, ("A", "B"), (0.5, 0.5), (morning, rest), skills)
    scenario = hall(group(load=3.0), group("B", load=0.5), counters=(only,))
    calls = noted(scenario, seed=1, policy=WALK_IN_ONLY)
    assert any(line == 0 and minute >= 720 for _, line, minute in calls)
    assert all(line == 0 for _, line, minute in calls if minute < 720)
    _, played, _ = play(scenario, policy=WALK_IN_ONLY)
    assert all(ticket.called for ticket in played._desk.tickets)


class Checked(HallDay):
    """Asks the production rule about the whole line at every call."""

    calls = 0

    def _take(self, line, ticket, now):
        waiting = list(line.lineup._tickets.values())
        recent = [call for _, call in self._recent[line.index]]
        choice = POLICIES[self._policy.discipline](waiting, recent, now, self._policy)
        assert choice.ticket_id == ticket.waiting.ticket_id
        self.calls += 1
        super()._take(line, ticket, now)


@settings(max_examples=10, deadline=None)
@given(policies, st.floats(0.5, 1.3), st.integers(0, 5))
def test_every_call_is_the_one_that_the_production_rule_makes_of_the_whole_line(policy, load, seed):
    scenario = hall(group(load=load, return_share=0.2), rule={"booked_lead_seconds": 120})
    walk_in_only = policy == WALK_IN_ONLY
    day = Checked(
        scenario,
        draw_day(scenario, seed=seed, day=0),
        rule_of(scenario, policy),
        day=0,
        walk_in_only=walk_in_only,
    )
    day.play()
    assert day.calls > 50


@settings(max_examples=15, deadline=None)
@given(halls, st.integers(0, 5))
def test_promises_never_go_back_and_leave_twenty_minutes(scenario, seed):
    _, played, _ = play(scenario, seed=seed)
    for index in range(2):
        promised = [t for t in played._desk.tickets if t.promised_at and t.person.group == index]
        assert [t.promised_at for t in promised] == sorted(t.promised_at for t in promised)
        assert all((t.promised_at - t.waiting.issued_at).total_seconds() >= 1200 for t in promised)


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_the_same_seed_gives_the_same_figures_and_another_seed_others(policy):
    scenario = hall()
    first = run(scenario, policy=policy, days=3, seed=4)
    assert run(scenario, policy=policy, days=3, seed=4) == first
    assert run(scenario, policy=policy, days=3, seed=5) != first


def test_every_policy_meets_the_same_people_with_the_same_cases():
    def seen(policy):
        people, _, _ = play(hall(), policy=policy, seed=9)
        return [(p.arrives, p.slot, p.green, p.minutes) for p in people.people]

    assert seen("promise") == seen("fifo") == seen("strict") == seen("accumulating")


def test_a_change_of_one_stream_leaves_the_others_alone():
    booked_less, usual = hall(group(green_share=0.0)), hall(group())
    times = [[p.arrives for p in play(each, seed=2)[0].people] for each in (booked_less, usual)]
    assert times[0] == times[1]


def test_the_demand_is_the_load_that_the_scenario_says():
    scenario = hall(group(load=0.8))
    days = [play(scenario, seed=1, day=day)[0] for day in range(40)]
    served = sum(person.minutes for day in days for person in day.people)
    assert served / (40 * 3 * 480) == pytest.approx(0.8, rel=0.03)
    shows = sum(person.slot is not None for day in days for person in day.people)
    everybody = sum(len(day.people) for day in days)
    assert shows / everybody == pytest.approx(0.5, abs=0.02)
    assert shows / sum(sum(day.booked.values()) for day in days) == pytest.approx(0.88, abs=0.02)


def test_a_wave_brings_its_share_in_its_time():
    scenario = hall(group(booked_share=0.0, waves=(Wave(0.5, 540, 555),)))
    people = [person for day in range(20) for person in play(scenario, day=day)[0].people]
    within = sum(540 <= person.arrives < 555 for person in people)
    assert within / len(people) == pytest.approx(0.5 + 0.5 / 32, abs=0.04)


def test_a_surge_follows_its_days():
    demand = group(surges=(Surge(0.5, (1.0, 2.0)),))
    assert [demand.factor(day, (1.0,)) for day in range(3)] == [1.0, 1.5, 1.0]


def test_a_closure_takes_counters_away_and_flexible_ones_and_time_come_when_walk_ins_would_be_refused():
    shut = hall(group(load=1.0), closures=(Closure((1, 2), 600, 1020, 610),))
    alone = run(shut, policy="promise", days=3, seed=1)
    helped = run(replace(shut, flex=Flex(2, ("A",), 10, 30, (570,))), policy="promise", days=3, seed=1)
    assert alone["walk_ins_refused_share"] > 0.5
    assert helped["walk_ins_refused_share"] < alone["walk_ins_refused_share"] / 2
    assert helped["flex_counters_opened"] == 6
    assert helped["counter_hours"] > alone["counter_hours"]


def test_counters_at_lunch_are_not_open_and_finish_whom_they_serve():
    scenario = hall(counters=(counter(1, spans=(Span(540, 720), Span(810, 1020))),))
    _, played, tally = play(scenario, seed=2)
    assert tally.counter_minutes >= 390
    assert minute_of(played._last_end) >= 1020


def test_a_missed_call_is_called_again_and_a_paper_brought_later():
    scenario = hall(group(missed_share=0.5, back_share=1.0, return_share=0.3))
    _, played, tally = play(scenario, seed=3)
    assert tally.missed_calls > 0
    assert sum(line.calls for line in played._desk.lines) > tally.started + tally.missed_calls / 2


def test_a_small_hall_gives_the_figures_it_gave():
    scenario = parse_scenario((EXAMPLES / "small-wave.toml").read_text(encoding="utf-8"))
    figures = run(scenario, policy="promise", days=5, seed=1)
    golden = Path(__file__).with_name("golden_small_wave.json")
    assert json.loads(golden.read_text(encoding="utf-8")) == figures


GOLDEN = json.loads(Path(__file__).with_name("golden_days.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", GOLDEN)
def test_larger_halls_give_the_figures_they_gave_before_the_twin_was_made_faster(name):
    story, policy, days, seed = name.split()
    scenario = parse_scenario((EXAMPLES / f"{story}.toml").read_text(encoding="utf-8"))
    assert run(scenario, policy=policy, days=int(days), seed=int(seed)) == GOLDEN[name]


def test_policies_beside_each_other_give_what_each_gives_alone():
    scenario = hall(group(return_share=0.2, missed_share=0.1))
    beside = run_beside(scenario, policies=POLICY_NAMES, days=2, seed=3)
    assert beside == {name: run(scenario, policy=name, days=2, seed=3) for name in POLICY_NAMES}
