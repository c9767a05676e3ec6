"""What staff and citizens of a hall were told while many acted at once, and a checker that shares nothing
with the program but the drawing in the documentation.

A history is a list of `Done`: a step on a ticket that was acknowledged, between which two moments (monotonic
seconds of one clock). The checker looks for an order of each ticket's steps that fits these moments, walks
the drawing from its beginning, and ends where the row says. Where there is none, somebody was told a thing
that cannot have happened: two counters had one person, or a step was lost.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from tests.ticket_drawing import ends, ways

WAYS, ENDS = ways(), ends()
AT_COUNTER = ("called", "serving")
#: These need the ticket to be at the counter of who pressed.
AT_OWN = (
    "start_serving",
    "mark_absent",
    "undo_call",
    "complete",
    "next_leg",
    "park",
    "transfer",
    "undo_start",
    "undo_resume",
)
#: These bring the ticket to the counter of who pressed, if they bring it to one.
BRING = (
    "call_next",
    "resume",
    "undo_absent",
    "undo_park",
    "undo_transfer",
    "undo_complete",
    "undo_abandon",
)
#: After these it certainly is there.
THERE = (*(verb for verb in BRING if verb != "undo_abandon"), "start_serving", "undo_start")


@dataclass(frozen=True)
class Done:
    """One acknowledged step. `counter` is where it was done; None: anywhere."""

    ticket: int
    verb: str  # issue, or a verb of the drawing
    began: float
    ended: float
    counter: int | None = None


@dataclass(frozen=True)
class Row:
    """A ticket at the end of its day."""

    state: str
    counters: tuple[int, ...]  # of its calls, in order


def violations(done: Sequence[Done], rows: Mapping[int, Row]) -> list[str]:
    """Everything that cannot be true; empty when the history is possible."""
    by_ticket: dict[int, list[Done]] = defaultdict(list)
    for each in done:
        by_ticket[each.ticket].append(each)
    return [
        *(f"ticket {lost} was given and is lost" for lost in by_ticket.keys() - rows.keys()),
        *(f"ticket {made} comes from nothing" for made in rows.keys() - by_ticket.keys()),
        *(f"ticket {ticket} ends as {row.state}" for ticket, row in rows.items() if row.state not in ENDS),
        *(found for ticket in rows.keys() & by_ticket for found in _ticket(ticket, by_ticket, rows)),
        *_shared_counters(by_ticket),
    ]


def _ticket(ticket: int, by_ticket: Mapping[int, Sequence[Done]], rows: Mapping[int, Row]) -> Iterator[str]:
    steps = by_ticket[ticket]
    told = sorted(step.counter for step in steps if step.verb == "call_next" and step.counter is not None)
    if told != sorted(rows[ticket].counters):
        yield f"ticket {ticket} was called to {told} and has calls to {sorted(rows[ticket].counters)}"
    if not _has_order([step for step in steps if step.verb != "issue"], rows[ticket].state):
        listed = ", ".join(f"{step.verb}@{step.counter}" for step in sorted(steps, key=lambda s: s.ended))
        yield f"ticket {ticket} ends as {rows[ticket].state}, which cannot follow from: {listed}"


def _has_order(steps: Sequence[Done], final: str) -> bool:
    """Whether some order of the steps, none before one that had ended when it began, is a way to `final`."""
    seen: set[tuple[frozenset[int], str, int | None]] = set()
    todo: list[tuple[frozenset[int], str, int | None]] = [(frozenset(range(len(steps))), "waiting", None)]
    while todo:
        place = left, state, counter = todo.pop()
        if not left and state == final:
            return True
        if place in seen:
            continue
        seen.add(place)
        first_end = min((steps[at].ended for at in left), default=inf)
        for at in left:
            step = steps[at]
            if step.began > first_end:
                continue
            if step.verb in AT_OWN and step.counter not in (None, counter):
                continue
            there = step.counter if step.verb in BRING else counter
            afters = WAYS.get((state, step.verb), ())
            todo += [(left - {at}, after, there if after in AT_COUNTER else None) for after in afters]
    return False


def _shared_counters(by_ticket: Mapping[int, Sequence[Done]]) -> list[str]:
    """A ticket is certainly at a counter from the end of the step that brought it to the next one's begin."""
    certain: dict[int, list[tuple[float, float, int]]] = defaultdict(list)
    for ticket, steps in by_ticket.items():
        for step in steps:
            if step.verb in THERE and step.counter is not None:
                until = _next_begin(step, steps)
                certain[step.counter].append((step.ended, until, ticket))
    return [
        f"counter {counter} had tickets {one[2]} and {other[2]} at once"
        for counter, spans in certain.items()
        for one, other in _meeting(spans)
    ]


def _next_begin(step: Done, steps: Iterable[Done]) -> float:
    """When the ticket may first have moved on: the begin of whatever did not end before this step began."""
    return min(
        (other.began for other in steps if other is not step and other.ended >= step.began), default=inf
    )


def _meeting(spans: list[tuple[float, float, int]]) -> Iterator[tuple[tuple[float, float, int], ...]]:
    for at, one in enumerate(spans):
        for other in spans[at + 1 :]:
            if one[2] != other[2] and max(one[0], other[0]) < min(one[1], other[1]):
                yield one, other
