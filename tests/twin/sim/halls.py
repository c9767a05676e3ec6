"""Small scenarios for tests."""

from dataclasses import replace

from twin.sim.hall import HallDay
from twin.sim.people import draw_day
from twin.sim.run import WALK_IN_ONLY, rule_of
from twin.sim.scenario import CounterPlan, GroupDemand, Scenario, Span

DAY = Span(540, 1020)


def group(code="A", **more):
    usual = GroupDemand(
        code=code,
        load=0.8,
        people=0.0,
        booked_share=0.5,
        booked_most=1.0,
        green_share=0.06,
        no_show=0.12,
        planned_no_show=0.12,
        service_minutes=11.0,
        service_cv=0.7,
        service_kind="lognormal",
        changeover=0.5,
        profile=(1.0,) * 16,
    )
    return replace(usual, **more)


def counter(number, groups=("A",), spans=(DAY,)):
    return CounterPlan(number, groups, tuple(1 / len(groups) for _ in groups), spans)


def hall(*groups, counters=None, **more):
    plans = counters or tuple(counter(number) for number in (1, 2, 3))
    return Scenario("", "", 510, 540, 1020, groups or (group(),), plans, **more)


def erlang_hall(*, counters, people, minutes):
    """A hall that never closes, with exponential services. All are green: no promise has to be computed."""
    demand = group(
        load=0.0,
        people=people,
        booked_share=0.0,
        green_share=1.0,
        service_minutes=minutes,
        service_kind="exponential",
        changeover=0.0,
        profile=(1.0,) * 48,
    )
    whole = Span(0, 1440)
    plans = tuple(counter(at + 1, spans=(whole,)) for at in range(counters))
    return Scenario("", "", 0, 0, 1440, (demand,), plans)


def play(scenario, *, policy="promise", seed=1, day=0):
    """One day: the people and the played hall, of which `tally` and `tickets` can be looked at."""
    people = draw_day(scenario, seed=seed, day=day)
    played = HallDay(
        scenario, people, rule_of(scenario, policy), day=day, walk_in_only=policy == WALK_IN_ONLY
    )
    return people, played, played.play()
