"""PURE: who is next. The rule 「到点优先 + 承诺时刻」, run by the hall and by the simulator alike.

When a counter is free, among the tickets that it can serve (the caller leaves out all others):

1. A transfer or a return with the missing paper (its first key stays), in at most 1 of 3 calls.
2. The green channel, unless the last two calls were green and others wait.
3. Among booked, walk-ins and late with a key that has come: the smallest key.
   Ties: booked, walk-in, late; then issue time; then number.
4. Otherwise walk-ins and late: quick matters first (where the hall has them), each by issue time. Who is
   overtaken keeps the promised time: from then on 3 goes before.
5. Otherwise early booked by slot: who booked and came early does not jump.
6. Otherwise standby by issue time: it waits for what others leave.
7. Otherwise who missed a call and still has to let calls pass, rather than leave the counter idle.

The limit in 1 is on going *first*: a return whose own key is the smallest is called by 3 like anybody, and
a green return keeps to the green stream, where it is first by issue time.

Only the head of each lane can be next, and no lane depends on the time or on the calls made. So SQL reads at
most one row per lane (see `Lane`) and group, and `next_ticket` of those rows is `next_ticket` of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from queueing.policy import DEFAULT_POLICY, QueuePolicy
from queueing.reasons import Reason, ReasonCode


class Track(StrEnum):
    """The stream in which a ticket was issued. A late booked person stays on the booked track."""

    BOOKED = "booked"
    WALK_IN = "walk_in"
    GREEN = "green"
    STANDBY = "standby"

    __hash__ = str.__hash__  # an enum hashes its name in Python: too slow for what every call asks


@dataclass(frozen=True, slots=True)
class Waiting:
    """A waiting ticket as the rule sees it. All times are aware.

    `due_at` is the key, fixed at issue (queueing.keys). `returned_at` is set while the ticket waits again
    after a transfer or with a missing paper. `calls_to_wait` counts the calls that a re-inserted
    ticket still lets pass (queueing.recall.calls_to_wait). `minutes` of a counter are expected for it
    (0: as for any other of the line); `quick`: few for its line, fixed at issue. `to_counter`: it waits for
    this counter alone.
    """

    ticket_id: int
    label: str
    track: Track
    due_at: datetime
    issued_at: datetime
    ordinal: int
    slot_starts_at: datetime | None = None
    late: bool = False
    returned_at: datetime | None = None
    calls_to_wait: int = 0
    minutes: float = 0.0
    quick: bool = False
    to_counter: int | None = None


@dataclass(frozen=True, slots=True)
class RecentCall:
    """A call made just before, by any counter of the same pool. `was_return`: its ticket had returned."""

    track: Track
    was_return: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is next, and why."""

    ticket_id: int
    reason: Reason


class Lane(StrEnum):
    """The subsets of the line of which only the first ticket matters, per group and among those that wait.

    - held: re-insertion still ahead; by calls_to_wait, then by key. The other lanes are without held tickets.
    - returned: returned_at is set, not green; by key.
    - green: green; by issue.
    - by_key: booked, late and walk-in; by key. Its head answers 3, and 5 where nobody is in by_issue.
    - by_issue: walk-in and late; by issue.
    - quick: the quick ones of by_issue; by issue. Only for promise.
    - standby: standby; by issue.
    - booked: booked and not late; by key. Only for strict and accumulating.
    - first_come: booked, late and walk-in; by issue. Only for fifo.

    By key: due_at, then booked 0, walk-in 1, late 2, green 3, standby 4, then issued_at, ordinal, id.
    By issue: issued_at, ordinal, id.
    """

    HELD = "held"
    RETURNED = "returned"
    GREEN = "green"
    BY_KEY = "by_key"
    BY_ISSUE = "by_issue"
    QUICK = "quick"
    STANDBY = "standby"
    BOOKED = "booked"
    FIRST_COME = "first_come"

    __hash__ = str.__hash__  # as of Track


Heads = Mapping[Lane, Waiting]

_RANKS = {Track.BOOKED: 0, Track.WALK_IN: 1, Track.GREEN: 3, Track.STANDBY: 4}
_LATE_RANK = 2

SortKey = tuple[Any, ...]


def by_key(ticket: Waiting) -> SortKey:
    """Order by key; ties: booked, walk-in, late; then issue time; then number."""
    rank = _LATE_RANK if ticket.late else _RANKS[ticket.track]
    return (ticket.due_at, rank, ticket.issued_at, ticket.ordinal, ticket.ticket_id)


def by_issue(ticket: Waiting) -> SortKey:
    """Order by issue time, then number."""
    return (ticket.issued_at, ticket.ordinal, ticket.ticket_id)


def _by_calls_to_wait(ticket: Waiting) -> SortKey:
    return (ticket.calls_to_wait, *by_key(ticket))


LANE_ORDER: Mapping[Lane, Callable[[Waiting], SortKey]] = MappingProxyType(
    {
        Lane.HELD: _by_calls_to_wait,
        Lane.RETURNED: by_key,
        Lane.GREEN: by_issue,
        Lane.BY_KEY: by_key,
        Lane.BY_ISSUE: by_issue,
        Lane.QUICK: by_issue,
        Lane.STANDBY: by_issue,
        Lane.BOOKED: by_key,
        Lane.FIRST_COME: by_issue,
    }
)

_PUNCTUAL = (Lane.BY_KEY, Lane.BOOKED, Lane.FIRST_COME)
_UNBOOKED = (Lane.BY_KEY, Lane.BY_ISSUE, Lane.FIRST_COME)
_QUICK = (*_UNBOOKED, Lane.QUICK)


_NEVER_ASKED: Mapping[str, frozenset[Lane]] = MappingProxyType(
    {
        "promise": frozenset({Lane.BOOKED, Lane.FIRST_COME}),
        "fifo": frozenset({Lane.BY_KEY, Lane.BY_ISSUE, Lane.QUICK, Lane.BOOKED}),
        "strict": frozenset({Lane.FIRST_COME, Lane.QUICK}),
        "accumulating": frozenset({Lane.FIRST_COME, Lane.QUICK}),
    }
)


def lanes_used(discipline: str) -> tuple[Lane, ...]:
    """Return the lanes whose heads decide under a discipline: nobody needs to keep the others."""
    return tuple(lane for lane in Lane if lane not in _NEVER_ASKED[discipline])


def lanes_of(ticket: Waiting) -> tuple[Lane, ...]:
    """Return the lanes in which a ticket stands."""
    if ticket.calls_to_wait > 0:
        return (Lane.HELD,)
    if ticket.track is Track.GREEN:
        return (Lane.GREEN,)
    if ticket.track is Track.STANDBY:
        lanes: tuple[Lane, ...] = (Lane.STANDBY,)
    else:
        punctual = ticket.track is Track.BOOKED and not ticket.late
        lanes = _PUNCTUAL if punctual else _QUICK if ticket.quick else _UNBOOKED
    return lanes if ticket.returned_at is None else (Lane.RETURNED, *lanes)


def heads_of(waiting: Iterable[Waiting]) -> Heads:
    """Return the first ticket of each lane that has one."""
    heads: dict[Lane, Waiting] = {}
    for ticket in waiting:
        for lane in lanes_of(ticket):
            order = LANE_ORDER[lane]
            if lane not in heads or order(ticket) < order(heads[lane]):
                heads[lane] = ticket
    return heads


def classify(ticket: Waiting, now: datetime) -> ReasonCode:
    """Return how a ticket stands now by the rule; a return is classified by what it was before."""
    if ticket.calls_to_wait > 0:
        return ReasonCode.HELD_BACK
    if ticket.track is Track.GREEN:
        return ReasonCode.GREEN
    if ticket.track is Track.STANDBY:
        return ReasonCode.STANDBY
    due = ticket.due_at <= now
    if ticket.late:
        return ReasonCode.DUE_LATE if due else ReasonCode.LATE
    if ticket.track is Track.WALK_IN:
        return ReasonCode.DUE_WALK_IN if due else ReasonCode.WALK_IN
    return ReasonCode.DUE_BOOKED if due else ReasonCode.EARLY_BOOKED


_TOLD_BY_ISSUE = frozenset({ReasonCode.WALK_IN, ReasonCode.LATE, ReasonCode.STANDBY})
_TOLD_WITHOUT_TIME = frozenset({ReasonCode.GREEN, ReasonCode.HELD_BACK})


def _choice(ticket: Waiting, now: datetime) -> Choice:
    code = classify(ticket, now)
    if code in _TOLD_WITHOUT_TIME:
        return Choice(ticket.ticket_id, Reason(code))
    at = ticket.issued_at if code in _TOLD_BY_ISSUE else _told_time(ticket)
    return Choice(ticket.ticket_id, Reason(code, at))


def _told_time(ticket: Waiting) -> datetime:
    """The time that the person knows: the slot of who booked (the key may lie before it), else the key."""
    slot_at = None if ticket.late else ticket.slot_starts_at
    return slot_at or ticket.due_at


Middle = Callable[[Heads, datetime, QueuePolicy], Choice | None]


def _promise(heads: Heads, now: datetime, _policy: QueuePolicy) -> Choice | None:
    """Steps 3 to 5 of the rule."""
    first = heads.get(Lane.BY_KEY)
    if first is None:
        return None
    if first.due_at <= now:
        return _choice(first, now)
    # Nobody is due. Where nobody is in by_issue either, all are early booked: the smallest key is theirs.
    oldest = heads.get(Lane.BY_ISSUE, first)
    quick = heads.get(Lane.QUICK, oldest)
    if quick.ticket_id == oldest.ticket_id:
        return _choice(oldest, now)
    return Choice(quick.ticket_id, Reason(ReasonCode.QUICK, quick.issued_at))


def _fifo(heads: Heads, _now: datetime, _policy: QueuePolicy) -> Choice | None:
    """First come, first served, booked or not."""
    first = heads.get(Lane.FIRST_COME)
    return None if first is None else Choice(first.ticket_id, Reason(ReasonCode.FIRST_COME, first.issued_at))


def _strict(heads: Heads, now: datetime, _policy: QueuePolicy) -> Choice | None:
    """Booked people first, even early; then walk-ins and late by issue time."""
    booked = heads.get(Lane.BOOKED)
    if booked is not None:
        return Choice(booked.ticket_id, Reason(ReasonCode.BOOKED_FIRST, _told_time(booked)))
    first = heads.get(Lane.BY_ISSUE)
    return None if first is None else _choice(first, now)


def _accumulating(heads: Heads, now: datetime, policy: QueuePolicy) -> Choice | None:
    """The largest b · elapsed wait: b = 1 for booked people from the slot on, walk_in_rate for others."""
    booked, other = heads.get(Lane.BOOKED), heads.get(Lane.BY_ISSUE)
    scores: list[tuple[timedelta, Waiting, datetime]] = []
    if booked is not None:
        scores.append((now - booked.due_at, booked, booked.due_at))
    if other is not None:
        scores.append(((now - other.issued_at) * policy.walk_in_rate, other, other.issued_at))
    if not scores:
        return None
    _, ticket, since = max(scores, key=lambda scored: scored[0])
    return Choice(ticket.ticket_id, Reason(ReasonCode.LONGEST_WAIT, since))


_MIDDLES: Mapping[str, Middle] = MappingProxyType(
    {"promise": _promise, "fifo": _fifo, "strict": _strict, "accumulating": _accumulating}
)


def _green_may_go(heads: Heads, recent: Sequence[RecentCall], policy: QueuePolicy) -> bool:
    last = recent[: policy.green_run]
    exhausted = len(last) == policy.green_run and all(call.track is Track.GREEN for call in last)
    return not exhausted or (
        Lane.FIRST_COME not in heads and Lane.BY_KEY not in heads and Lane.STANDBY not in heads
    )


def _decide(
    heads: Heads, recent: Sequence[RecentCall], now: datetime, policy: QueuePolicy, middle: Middle
) -> Choice | None:
    returned, green = heads.get(Lane.RETURNED), heads.get(Lane.GREEN)
    if returned and not any(call.was_return for call in recent[: policy.return_every - 1]):
        return Choice(returned.ticket_id, Reason(ReasonCode.RETURNED))
    if green and _green_may_go(heads, recent, policy):
        return _choice(green, now)
    choice = middle(heads, now, policy)
    if choice is not None:
        return choice
    last = heads.get(Lane.STANDBY) or heads.get(Lane.HELD)
    return None if last is None else _choice(last, now)


class Rule(Protocol):
    """A policy: who is next among `waiting`, after the calls `recent` (the latest first), at `now`."""

    def __call__(
        self,
        waiting: Sequence[Waiting],
        recent: Sequence[RecentCall],
        now: datetime,
        policy: QueuePolicy = DEFAULT_POLICY,
    ) -> Choice | None: ...


def next_from_heads(
    heads: Heads, recent: Sequence[RecentCall], now: datetime, policy: QueuePolicy = DEFAULT_POLICY
) -> Choice | None:
    """Say who is next from the heads of the lanes, by the discipline that the hall chose."""
    return _decide(heads, recent, now, policy, _MIDDLES[policy.discipline])


def next_ticket(
    waiting: Sequence[Waiting],
    recent: Sequence[RecentCall],
    now: datetime,
    policy: QueuePolicy = DEFAULT_POLICY,
) -> Choice | None:
    """Say who is next among `waiting` by the discipline that the hall chose; None only if nobody waits.

    `recent` are the last calls of the pool, the latest first; two are enough for the default policy
    (max(green_run, return_every − 1) in general).
    """
    return next_from_heads(heads_of(waiting), recent, now, policy)


def _rule(middle: Middle) -> Rule:
    def rule(
        waiting: Sequence[Waiting],
        recent: Sequence[RecentCall],
        now: datetime,
        policy: QueuePolicy = DEFAULT_POLICY,
    ) -> Choice | None:
        return _decide(heads_of(waiting), recent, now, policy, middle)

    return rule


#: The disciplines by name, all with the signature of next_ticket and the same steps 1, 2, 6 and 7.
POLICIES: Mapping[str, Rule] = MappingProxyType({name: _rule(middle) for name, middle in _MIDDLES.items()})
