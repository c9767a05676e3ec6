"""PURE: minutes of a case by line, service and counter, learned from cases and shrunk to what was believed.

Few cases say little, so every figure is a weighted mean of what was seen and of what the level above says:

    line                m_g  = (Σ x + 50·m₀) ÷ (n + 50)          m₀: the minutes that the hall set
    service             m_s  = (Σ x + 20·e_s) ÷ (n + 20)         e_s: the minutes of the catalogue
    counter             f_c  = (Σ x + 40·m̄) ÷ (Σ m_s + 40·m̄)    its pace: 1 is usual, 1.2 a fifth longer
    service × counter   m_sc = (Σ x + 20·m_s·f_c) ÷ (n + 20)

A case counts with at most five times the line's minutes: somebody forgot to press the key. Empirical Bayes
in its simplest form: the weights are the number of cases that weigh as much as the belief.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LINE_WEIGHT, SERVICE_WEIGHT, COUNTER_WEIGHT, PAIR_WEIGHT = 50.0, 20.0, 40.0, 20.0
LONGEST = 5.0


@dataclass(frozen=True, slots=True)
class Case:
    """One finished case of a line: `minutes` from the call to the end."""

    service_id: int
    counter_id: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Learned:
    """Minutes for a service (None: any) at a counter (None: any), from so many cases."""

    service_id: int | None
    counter_id: int | None
    cases: int
    minutes: float


def learn(cases: Iterable[Case], *, line_minutes: float, planned: Mapping[int, float]) -> list[Learned]:
    """Learn one line. `line_minutes` is m₀; `planned` has e_s by service (m₀ where it is missing)."""
    seen = [_capped(case, line_minutes) for case in cases]
    if not seen:
        return []
    by_service, by_counter = defaultdict(list), defaultdict(list)
    by_pair: dict[tuple[int, int], list[float]] = defaultdict(list)
    for case in seen:
        by_service[case.service_id].append(case.minutes)
        by_counter[case.counter_id].append(case)
        by_pair[case.service_id, case.counter_id].append(case.minutes)
    line = shrunk([case.minutes for case in seen], line_minutes, LINE_WEIGHT)
    services = {
        service_id: shrunk(minutes, planned.get(service_id, line_minutes), SERVICE_WEIGHT)
        for service_id, minutes in by_service.items()
    }
    paces = {counter_id: _pace(those, services, line) for counter_id, those in by_counter.items()}
    learned = [Learned(None, None, len(seen), line)]
    learned += [Learned(each, None, len(by_service[each]), minutes) for each, minutes in services.items()]
    learned += [Learned(None, each, len(by_counter[each]), line * pace) for each, pace in paces.items()]
    for (service_id, counter_id), minutes in by_pair.items():
        belief = services[service_id] * paces[counter_id]
        learned.append(Learned(service_id, counter_id, len(minutes), shrunk(minutes, belief, PAIR_WEIGHT)))
    return learned


def shrunk(minutes: Sequence[float], belief: float, weight: float) -> float:
    """Return the mean of `minutes`, with a belief that counts as much as `weight` cases."""
    return (sum(minutes) + weight * belief) / (len(minutes) + weight)


def _pace(cases: Sequence[Case], services: Mapping[int, float], line: float) -> float:
    usual = sum(services[case.service_id] for case in cases)
    room = COUNTER_WEIGHT * line
    return (sum(case.minutes for case in cases) + room) / (usual + room)


def _capped(case: Case, line_minutes: float) -> Case:
    return Case(case.service_id, case.counter_id, min(case.minutes, LONGEST * line_minutes))
