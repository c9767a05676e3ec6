"""What citizens were told while many acted at once, and a checker of it that shares nothing with booking.

A history is a list of `Told`: what was done, between which two moments (monotonic seconds of one clock), and
which numbers were acknowledged. Together with the rows at the end it must be possible without any number
having served two people: that is what `violations` looks for.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from math import inf
from typing import Any

EARLIEST, NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """One acknowledged step. `numbers` are those that the visit had when the step was acknowledged.

    A hold is told under its token, until it is let go (to be booked, released or replaced). Where clocks
    differ, `now` is the clock of who took the numbers, and `until` when a hold runs out: who is that late may
    have them, and after them anybody. A cancellation that may be taken back keeps its numbers like a hold.
    """

    step: str  # hold | let_go | book | move | cancel | keep | undo
    reference: str
    began: float
    ended: float
    numbers: tuple[Hashable, ...] = ()
    now: datetime = EARLIEST
    until: datetime = NEVER


@dataclass(frozen=True)
class TakenAway:
    """Between two moments somebody took numbers by a clock; a hall that closes takes them whatever it reads.

    From then on a hold that has run out by that clock is certain no longer: who took its numbers may have
    let them go again, for anybody.
    """

    began: float
    ended: float
    now: datetime = NEVER

    def ends_hold(self, hold: Told) -> bool:
        return self.ended > hold.began and self.now >= hold.until


@dataclass(frozen=True)
class Span:
    """For how long a number was certainly somebody's."""

    begins: float
    ends: float
    reference: str

    def meets(self, other: "Span") -> bool:
        at_once = max(self.begins, other.begins) < min(self.ends, other.ends)
        return self.reference != other.reference and at_once


@dataclass(frozen=True)
class Final:
    """The rows at the end: number → reference of its visit or None; reference → state.

    A number goes by whatever names it: its id, or its place (line, start, ordinal).
    """

    numbers: Mapping[Any, str | None]
    states: Mapping[str, str]


def violations(
    told: Sequence[Told],
    final: Final,
    *,
    numbers: Iterable[Hashable],
    needed: Mapping[str, int],
    taken_away: Sequence[TakenAway] = (),
) -> list[str]:
    """Everything that cannot be true; empty when the history is possible.

    `numbers` are those that were there at first, `needed` how many each acknowledged visit or hold must have.
    `taken_away`: when somebody may have taken any numbers that were held, and told nobody.
    """
    by_visit, by_token = _steps(told, holds=False), _steps(told, holds=True)
    return [
        *_rows(final, set(numbers)),
        *(
            found
            for reference, steps in by_visit.items()
            for found in _visit(reference, steps, final, needed)
        ),
        *(
            f"visit {reference} is in the rows and nobody was told"
            for reference in final.states.keys() - by_visit
        ),
        *_half_held(told, needed),
        *_overlaps(by_visit, by_token, taken_away),
    ]


def _steps(told: Sequence[Told], *, holds: bool) -> dict[str, list[Told]]:
    """Reference → its steps in order; of holds, or of visits."""
    found: dict[str, list[Told]] = defaultdict(list)
    for each in sorted(told, key=lambda each: each.ended):
        if (each.step in ("hold", "let_go")) is holds:
            found[each.reference].append(each)
    return found


def _rows(final: Final, numbers: set[Hashable]) -> list[str]:
    lost, made = numbers - final.numbers.keys(), final.numbers.keys() - numbers
    found = [f"number {number} is lost" for number in lost]
    found += [f"number {number} comes from nothing" for number in made]
    for number, reference in final.numbers.items():
        if reference is not None and final.states.get(reference) != "booked":
            found.append(f"number {number} belongs to {reference}, which is {final.states.get(reference)}")
    return found


def _visit(reference: str, steps: Sequence[Told], final: Final, needed: Mapping[str, int]) -> list[str]:
    """What one citizen was told must be what the rows say at the end."""
    found = []
    for step in steps:
        wanted = 0 if step.step == "cancel" else needed[reference]
        if len(set(step.numbers)) != wanted:
            found.append(f"visit {reference}: told {step.step} with numbers {step.numbers}, needs {wanted}")
    cancelled = steps[-1].step in ("cancel", "keep")
    if any(step.step == "cancel" for step in steps[:-1]):
        found.append(f"visit {reference}: goes on after its end")
    state = final.states.get(reference)
    if state != ("cancelled" if cancelled else "booked"):
        found.append(f"visit {reference}: is {state} in the rows, cancelled was told: {cancelled}")
    has = Counter(final.numbers.values())[reference]
    if has != (0 if cancelled else needed[reference]):
        found.append(f"visit {reference}: has {has} numbers at the end")
    return found


def _half_held(told: Sequence[Told], needed: Mapping[str, int]) -> list[str]:
    """A hold that was acknowledged has all its numbers; `needed` says how many, where that is known."""
    return [
        f"hold {each.reference}: has {each.numbers}, needs {needed[each.reference]}"
        for each in told
        if each.step == "hold" and len(set(each.numbers)) != needed.get(each.reference, len(each.numbers))
    ]


def _overlaps(
    by_visit: Mapping[str, Sequence[Told]],
    by_token: Mapping[str, Sequence[Told]],
    taken_away: Sequence[TakenAway],
) -> list[str]:
    """A number is certainly a visit's from the end of the step that gave it to the beginning of the next."""
    takers: dict[Hashable, list[TakenAway]] = defaultdict(list)
    for step in (each for steps in (by_visit | by_token).values() for each in steps):
        for number in step.numbers:
            takers[number].append(TakenAway(step.began, step.ended, step.now))
    certain: dict[Hashable, list[Span]] = defaultdict(list)
    for reference, steps in (by_visit | by_token).items():
        for step, after in pairwise([*steps, None]):
            if step is None:
                continue
            ends = after.began if after is not None else inf
            for number in step.numbers:
                runs_out = reference in by_token or step.step == "keep"
                away = [*taken_away, *takers[number]] if runs_out else []
                until = min([ends, *(each.began for each in away if each.ends_hold(step))])
                certain[number].append(Span(step.ended, until, reference))
    return [
        f"number {number} was {one.reference}'s and {other.reference}'s at once"
        for number, spans in certain.items()
        for at, one in enumerate(spans)
        for other in spans[at + 1 :]
        if one.meets(other)
    ]
