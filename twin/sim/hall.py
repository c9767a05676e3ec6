"""PURE: one day of a simulated hall, as a heap of events around the production rules.

Counters call by `queueing.ordering.next_from_heads`, the very function that the running hall uses. A counter
is busy for the change-over and the service; who is at a counter when it closes is served to the end; who was
admitted and not called by closing time is served after it.
"""

import heapq
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any, Protocol

from queueing.lineup import Lineup
from queueing.ordering import Heads, RecentCall, Waiting, lanes_used, next_from_heads
from queueing.policy import QueuePolicy
from queueing.promise import AtCounter
from queueing.recall import Return, calls_to_wait, missed_at, reinstate
from queueing.shortfall import TO_SIT_DOWN
from queueing.sizing import sized
from twin.sim.lines import Numbered, calls_together, heads_together
from twin.sim.people import SECOND_PART, DayPeople, Person
from twin.sim.plan import MINUTE, Change, DayPlan, at_minute, planned_minutes, real_changes
from twin.sim.reception import Line, Reception
from twin.sim.scenario import Scenario
from twin.sim.tally import Tally
from twin.sim.ticket import Ticket

#: A promise counts as kept when the call comes at most so many minutes after it.
GRACE = 10 * MINUTE


@dataclass(slots=True)
class Counter:
    """`open` as it really is; `busy` with a ticket."""

    groups: tuple[int, ...]
    speed: float
    open: bool = False
    busy: bool = False


class Watch(Protocol):
    """Somebody who looks on; for predictions."""

    def issued(self, line: Line, ticket: Ticket, recent: Sequence[RecentCall], now: datetime) -> None:
        """A ticket has joined its line; nobody has been called since."""

    def called(self, line: Line, ticket: Ticket, now: datetime) -> None:
        """A ticket was called for the first time."""


class HallDay:
    """Plays one day; `play` returns what was counted."""

    def __init__(
        self,
        scenario: Scenario,
        people: DayPeople,
        policy: QueuePolicy,
        *,
        day: int,
        walk_in_only: bool,
        watch: Watch | None = None,
    ) -> None:
        self._scenario, self._people, self._policy = scenario, people, policy
        self._walk_in_only, self._watch = walk_in_only, watch
        plan = DayPlan(scenario, scenario.closes)
        booked = {} if walk_in_only else people.booked
        capacities = [plan.capacity(group.code) for group in scenario.groups]
        lines = [
            Line(
                at,
                group,
                capacities[at],
                sized(policy, scenario.rule, capacities[at].most_counters),
                {at_minute(slot): count for (which, slot), count in booked.items() if which == at},
                Lineup(lanes=lanes_used(policy.discipline)),
            )
            for at, group in enumerate(scenario.groups)
        ]
        for line in lines:
            line.foretells = watch is not None
        self._desk = Reception(plan, lines, policy, Tally(), day, self._opened, walk_in_only=walk_in_only)
        self._codes = {group.code: at for at, group in enumerate(scenario.groups)}
        self._counters = [
            Counter(self._groups_of(counter.groups), speed)
            for counter, speed in zip(plan.counters, people.speeds, strict=True)
        ]
        self._idle: list[int] = []
        self._recent: list[deque[Numbered]] = [
            deque(maxlen=max(policy.green_run, policy.return_every)) for _ in lines
        ]
        self._called = 0
        self._flex_opened = 0
        self._events: list[tuple[datetime, int, Callable[..., None], Any]] = []
        self._serial = count()
        self._closes_at = at_minute(scenario.closes)
        self._last_end = self._closes_at
        self._counter_time = 0.0

    def play(self) -> Tally:
        """Run all events of the day."""
        self._schedule_day()
        events = self._events
        while events:
            now, _, happen, what = heapq.heappop(events)
            happen(what, now)
        tally, scenario = self._desk.tally, self._scenario
        tally.people = len(self._people.people)
        tally.overtimes.append((self._last_end - self._closes_at) / MINUTE)
        flexible = sum(scenario.closes - ready for ready in self._desk.plan.added)
        tally.counter_minutes += planned_minutes(scenario) + flexible + self._counter_time
        return tally

    def _schedule_day(self) -> None:
        for change in real_changes(self._scenario):
            self._at(at_minute(change.minute), self._staff, change)
        for closure in self._scenario.closures:
            for minute in (closure.starts, closure.told, closure.ends):
                self._at(at_minute(minute), self._look, None)
        if self._scenario.closures:
            for slot in self._scenario.slots:
                self._at(at_minute(slot), self._look, None)
                self._at(at_minute(slot) + TO_SIT_DOWN, self._look, None)
        for minute in self._scenario.flex.reviews:
            self._at(at_minute(minute), self._review, None)
        for person in self._people.people:
            arrives = person.instead_at if self._walk_in_only else person.arrives
            self._at(at_minute(arrives), self._come, person)

    def _opened(self) -> list[bool]:
        return [counter.open for counter in self._counters]

    def _at(self, moment: datetime, happen: Callable[..., None], what: object) -> None:
        heapq.heappush(self._events, (moment, next(self._serial), happen, what))

    def _come(self, person: Person, now: datetime) -> None:
        if person.slot is None or self._walk_in_only:
            ticket = self._desk.ask(person, now)
        else:
            slot_at = at_minute(person.slot)
            opens_at = slot_at - self._policy.check_in_opens
            if now < opens_at:
                self._at(opens_at, self._come, person)
                return
            ticket = self._desk.check_in(person, slot_at, now)
        self._open_added()
        if ticket is not None:
            if self._watch is not None:
                line = self._desk.lines[person.group]
                line.idle = sum(person.group in self._counters[at].groups for at in self._idle)
                self._watch.issued(line, ticket, self._recent_of((person.group,)), now)
            self._wake(person.group, now)

    def _review(self, _: None, now: datetime) -> None:
        self._desk.review(now)
        self._open_added()

    def _look(self, _: None, now: datetime) -> None:
        """Counters may have closed without notice: the hall sees who is there."""
        self._desk.replan(now)

    def _open_added(self) -> None:
        """Let the flexible counters that were just added open when they are ready."""
        added = self._desk.plan.added
        for at in range(self._flex_opened, len(added)):
            counter = len(self._scenario.counters) + at
            self._at(at_minute(added[at]), self._staff, Change(added[at], counter, opens=True))
        self._flex_opened = len(added)

    def _staff(self, change: Change, now: datetime) -> None:
        counter = self._counters[change.counter]
        counter.open = change.opens
        if change.groups:
            counter.groups = self._groups_of(change.groups)
        if change.counter in self._idle:
            self._idle.remove(change.counter)
        if change.opens and not counter.busy:
            self._call_next(change.counter, now)

    def _wake(self, group: int, now: datetime) -> None:
        """Somebody came: the counter that has been idle longest calls."""
        for at in self._idle:
            if group in self._counters[at].groups:
                self._idle.remove(at)
                self._call_next(at, now)
                return

    def _call_next(self, at: int, now: datetime) -> None:
        counter = self._counters[at]
        heads = self._heads(counter.groups)
        choice = next_from_heads(heads, self._recent_of(counter.groups), now, self._policy) if heads else None
        if choice is None:
            self._idle.append(at)
            return
        ticket = self._desk.tickets[choice.ticket_id]
        line = self._desk.lines[ticket.person.group]
        self._take(line, ticket, now)
        self._sit_down(at, ticket, now)
        if ticket.person.back_after is not None and not ticket.reinstated:
            self._desk.tally.missed_calls += 1
            self._at(missed_at(now, self._policy), self._absent, (at, ticket))
            return
        minutes = line.demand.changeover + ticket.person.minutes * counter.speed
        ends_at = now + minutes * MINUTE
        if ends_at > self._closes_at:
            self._last_end = max(self._last_end, ends_at)
            self._counter_time += (ends_at - max(now, self._closes_at)) / MINUTE
        self._at(ends_at, self._done, (at, ticket))

    def _sit_down(self, at: int, ticket: Ticket, now: datetime) -> None:
        """A counter that serves several lines is busy for each of them with its part."""
        counter, own = self._counters[at], ticket.person.group
        counter.busy = True
        if len(counter.groups) == 1:
            self._desk.lines[own].busy += 1
            return
        for group in counter.groups:
            line = self._desk.lines[group]
            part = self._desk.plan.share(at, line.demand.code, now)
            line.shared[at] = AtCounter(part, 0.0 if group == own else ticket.waiting.minutes)

    def _take(self, line: Line, ticket: Ticket, now: datetime) -> None:
        """Take the ticket out of the line and count its first call."""
        waiting = line.lineup.remove(ticket.waiting.ticket_id)
        line.lineup.count_call()
        line.calls += 1
        self._called += 1
        recent = RecentCall(waiting.track, waiting.returned_at is not None)
        self._recent[line.index].appendleft((self._called, recent))
        if not ticket.called:
            ticket.called = True
            self._count(ticket, now)
            if self._watch is not None:
                self._watch.called(line, ticket, now)

    def _count(self, ticket: Ticket, now: datetime) -> None:
        tally = self._desk.tally
        minutes = max(0.0, (now - ticket.wait_from) / MINUTE)
        tally.started += 1
        tally.started_before_close += now <= self._desk.closes_at
        if ticket.promised_at is not None:
            tally.promises_kept += now <= ticket.promised_at + GRACE
            tally.walk_in_waits.append(minutes)
        elif ticket.booked:
            tally.booked_waits.append(minutes)
        else:
            tally.green_waits.append(minutes)

    def _done(self, what: tuple[int, Ticket], now: datetime) -> None:
        at, ticket = what
        line, counter = self._desk.lines[ticket.person.group], self._counters[at]
        taken = line.demand.changeover + ticket.person.minutes * counter.speed
        line.done.append((ticket.waiting.minutes, taken))
        after = ticket.person.returns_after
        if after is not None:
            ticket.person = replace(ticket.person, minutes=ticket.person.minutes * SECOND_PART)
            ticket.person.returns_after = None
            self._at(now + after * MINUTE, self._return, ticket)
        self._free(at, ticket, now)

    def _absent(self, what: tuple[int, Ticket], now: datetime) -> None:
        at, ticket = what
        after = ticket.person.back_after
        ticket.reinstated += 1
        if after is not None and math.isfinite(after):
            self._at(now + after * MINUTE, self._back, (ticket, now))
        self._free(at, ticket, now)

    def _free(self, at: int, ticket: Ticket, now: datetime) -> None:
        counter = self._counters[at]
        counter.busy = False
        # What it serves may have changed meanwhile.
        if not [True for line in self._desk.lines if line.shared.pop(at, None) is not None]:
            self._desk.lines[ticket.person.group].busy -= 1
        if counter.open:
            self._call_next(at, now)

    def _return(self, ticket: Ticket, now: datetime) -> None:
        """Back with the missing paper, unless the hall has closed: then on another day."""
        if now < self._desk.closes_at:
            self._wait_again(ticket, replace(ticket.waiting, returned_at=now), now)

    def _back(self, what: tuple[Ticket, datetime], now: datetime) -> None:
        """Not there when called, and back now."""
        ticket, absent_at = what
        line = self._desk.lines[ticket.person.group]
        slot_at = ticket.waiting.slot_starts_at or now
        chance = reinstate(
            absent_at=absent_at,
            reinstated_before=ticket.reinstated - 1,
            booked=ticket.booked,
            calls_made=line.calls,
            half_day_ends_at=self._desk.half_day_ends_at(slot_at),
            now=now,
            policy=self._policy,
        )
        if chance.outcome is Return.REINSERTED:
            left = calls_to_wait(chance.reinsert_after_call, calls_made=line.calls)
            self._wait_again(ticket, replace(ticket.waiting, calls_to_wait=left), now)
        elif chance.due_at is not None:
            self._wait_again(ticket, replace(ticket.waiting, due_at=chance.due_at, late=True), now)

    def _wait_again(self, ticket: Ticket, waiting: Waiting, now: datetime) -> None:
        ticket.waiting = waiting
        self._desk.lines[ticket.person.group].lineup.add(waiting)
        self._wake(ticket.person.group, now)

    def _groups_of(self, codes: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(self._codes[code] for code in codes)

    def _heads(self, groups: tuple[int, ...]) -> Heads:
        return heads_together([self._desk.lines[group].lineup for group in groups])

    def _recent_of(self, groups: tuple[int, ...]) -> list[RecentCall]:
        return calls_together([self._recent[group] for group in groups])
