"""The twin against the theory of queues: M/M/c by Erlang's C formula, and a second simulation."""

import heapq
import math
from random import Random

import pytest

from tests.twin.sim.halls import erlang_hall, play


def erlang_c_wait(rate, minutes, counters):
    """Mean wait in an M/M/c queue."""
    load = rate * minutes
    waits = load**counters / math.factorial(counters) * counters / (counters - load)
    nobody = sum(load**at / math.factorial(at) for at in range(counters))
    return waits / (nobody + waits) * minutes / (counters - load)


def waits_of(arrivals, services, counters):
    """First come, first served at c counters, by Kiefer and Wolfowitz: all take the counter free first."""
    free, waits = [0.0] * counters, []
    for arrives, minutes in zip(arrivals, services, strict=True):
        starts = max(arrives, free[0])
        heapq.heapreplace(free, starts + minutes)
        waits.append(starts - arrives)
    return waits


def test_agrees_with_erlang_c_within_two_percent():
    waits, minutes = [], []
    for day in range(3):
        scenario = erlang_hall(counters=5, people=16800, minutes=0.3)
        people, _, tally = play(scenario, policy="fifo", day=day)
        waits += tally.waits
        minutes += [person.minutes for person in people.people]
    # The formula at the rates that were drawn: their own noise is not what is tested.
    expected = erlang_c_wait(len(waits) / 3 / 1440, sum(minutes) / len(minutes), 5)
    assert sum(waits) / len(waits) == pytest.approx(expected, rel=0.02)


def test_every_wait_is_that_of_a_second_simulation():
    people, _, tally = play(erlang_hall(counters=3, people=6000, minutes=0.6), policy="fifo", seed=3)
    expected = waits_of([p.arrives for p in people.people], [p.minutes for p in people.people], 3)
    assert len(tally.waits) == len(expected)
    assert max(abs(a - b) for a, b in zip(sorted(tally.waits), sorted(expected), strict=True)) < 1e-4


def test_the_second_simulation_agrees_with_erlang_c_on_many_people():
    rng, now, arrivals = Random(2), 0.0, []
    for _ in range(400_000):
        now += rng.expovariate(2.0)
        arrivals.append(now)
    waits = waits_of(arrivals, [rng.expovariate(1.0) for _ in arrivals], 3)
    assert sum(waits) / len(waits) == pytest.approx(erlang_c_wait(2.0, 1.0, 3), rel=0.02)
