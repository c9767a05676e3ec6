"""PURE: the kiosk of the simulated hall: a place in line by the production rules, or a refusal.

Everything that decides is imported from `queueing`: keys, promise, admission, relief. Here is only the memory
of the day that the running hall keeps in its tables.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import UTC, datetime, timedelta

from queueing.admission import Ground, admit
from queueing.capacity import Capacity
from queueing.expectation import still_expected
from queueing.keys import Punctuality, green_key, half_day_ends_at, is_quick, judge_check_in, walk_in_key
from queueing.lineup import Lineup
from queueing.ordering import Track, Waiting
from queueing.pace import LAST_CASES, pace_of
from queueing.policy import QueuePolicy
from queueing.promise import AtCounter, Expected, Load, busy_with, promise_at_close, promised_call
from queueing.relief import Relief, Spare, propose
from twin.sim.people import Person, usually_later, walk_ins_before
from twin.sim.plan import MINUTE, DayPlan, at_minute, minute_of
from twin.sim.scenario import GroupDemand
from twin.sim.tally import Tally
from twin.sim.ticket import Ticket


@dataclass(slots=True)
class Line:
    """A group today; `booked` are the numbers of its slots.

    `busy` are its own counters, `shared` those that serve other lines too (by index), `idle` free ones.
    """

    index: int
    demand: GroupDemand
    capacity: Capacity
    policy: QueuePolicy
    booked: InitVar[dict[datetime, int]]
    lineup: Lineup = field(default_factory=Lineup)
    busy: int = 0
    shared: dict[int, AtCounter] = field(default_factory=dict)
    idle: int = 0
    calls: int = 0
    issued: int = 0
    last_promise_at: datetime | None = None
    foretells: bool = False
    walk_ins: float | None = None
    came_unbooked: int = 0
    done: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=LAST_CASES))
    _slots: list[datetime] = field(init=False)
    _expected: list[Expected] = field(init=False)

    def __post_init__(self, booked: dict[datetime, int]) -> None:
        """Sort the slots: every question is about those that have not begun."""
        self._slots = sorted(booked)
        self._expected = [Expected(slot, booked[slot]) for slot in self._slots]

    def came(self, slot_at: datetime) -> None:
        """Somebody whom this slot expected is here."""
        at = bisect_left(self._slots, slot_at)
        self._expected[at] = Expected(slot_at, self._expected[at].numbers - 1)

    def load(self, now: datetime) -> Load:
        """What the rules ask about; slots that have begun expect nobody any more."""
        busy, busy_minutes = float(self.busy), None
        if self.shared:
            there = [*(AtCounter() for _ in range(self.busy)), *self.shared.values()]
            busy, busy_minutes = busy_with(there, self.demand.mean_minutes)
        return Load(
            service_minutes=self.demand.mean_minutes,
            waiting=len(self.lineup),
            busy=busy,
            busy_minutes=busy_minutes,
            idle=self.idle,
            expected=self._expected[bisect_right(self._slots, now) :],
            show_probability=1 - self.demand.planned_no_show,
            waiting_minutes=self.lineup.minutes,
            pace=pace_of(self.done, self.demand.mean_minutes) if self.foretells else 1.0,
            pace_cases=len(self.done),
        )


@dataclass(slots=True)
class Reception:
    """Gives places. `opened`: which counters are open now.

    `walk_in_only`: nobody books, and nobody is refused before the hall closes.
    """

    plan: DayPlan
    lines: list[Line]
    policy: QueuePolicy
    tally: Tally
    day: int
    opened: Callable[[], Sequence[bool]]
    walk_in_only: bool = False
    tickets: list[Ticket] = field(default_factory=list)

    @property
    def closes_at(self) -> datetime:
        """Closing time, an extension included."""
        return at_minute(self.plan.closes)

    def check_in(self, person: Person, slot_at: datetime, now: datetime) -> Ticket | None:
        """A booked person is here. Who comes before the check-in opens waits for it; nobody is sent away."""
        line = self.lines[person.group]
        line.came(slot_at)
        ends_at = self.half_day_ends_at(slot_at)
        verdict = judge_check_in(slot_at, now, half_day_ends_at=ends_at, policy=line.policy)
        if verdict.punctuality is Punctuality.TOO_LATE or verdict.due_at is None:
            return self.ask(person, now)
        return self._give(
            line, person, Track.BOOKED, verdict.due_at, now, wait_from=max(now, slot_at), late=verdict.late
        )

    def half_day_ends_at(self, slot_at: datetime) -> datetime:
        """The end of the half-day of a slot."""
        return half_day_ends_at(slot_at, closes_at=self.closes_at, zone=UTC, policy=self.policy)

    def ask(self, person: Person, now: datetime) -> Ticket | None:
        """Somebody asks for a number without having one booked; None if refused."""
        line = self.lines[person.group]
        line.came_unbooked += 1
        load = line.load(now)
        over = line.capacity.closes_at is None or line.capacity.closes_at <= now
        green = person.green and not over
        admission = admit(line.capacity, load, now, green=green, policy=self.policy)
        if admission.ground is not Ground.CAPACITY and self._review(line, load, now, at_least=1):
            admission = admit(line.capacity, load, now, green=green, policy=self.policy)
        refused = not admission.admitted and (not self.walk_in_only or over)
        if person.green:
            self.tally.greens_refused += refused
        else:
            self.tally.walk_ins_asked += 1
            self.tally.walk_ins_refused += refused
        if refused:
            return None
        if person.green:
            return self._give(line, person, Track.GREEN, green_key(now), now, wait_from=now)
        promised_at = self._promise(line, load, now)
        self.tally.promises += 1
        self.tally.promised_minutes += (promised_at - now) / MINUTE
        return self._give(
            line, person, Track.WALK_IN, walk_in_key(promised_at), now, wait_from=now, promised_at=promised_at
        )

    def _promise(self, line: Line, load: Load, now: datetime) -> datetime:
        previous = line.last_promise_at
        promised_at = promised_call(line.capacity, load, now, previous=previous, policy=line.policy)
        if promised_at is None:
            promised_at = promise_at_close(self.closes_at, now, previous=previous, policy=line.policy)
        line.last_promise_at = promised_at
        return promised_at

    def _give(
        self,
        line: Line,
        person: Person,
        track: Track,
        due_at: datetime,
        now: datetime,
        *,
        wait_from: datetime,
        late: bool = False,
        promised_at: datetime | None = None,
    ) -> Ticket:
        line.issued += 1
        slot_at = at_minute(person.slot) if track is Track.BOOKED and person.slot is not None else None
        number = len(self.tickets)
        minutes = person.expected or line.demand.mean_minutes
        quick = is_quick(minutes, line.demand.mean_minutes, self.policy)
        waiting = Waiting(
            number, "", track, due_at, now, line.issued, slot_at, late, minutes=minutes, quick=quick
        )
        ticket = Ticket(waiting, person, wait_from, promised_at)
        self.tickets.append(ticket)
        line.lineup.add(waiting)
        return ticket

    def review(self, now: datetime) -> None:
        """The duty officer looks at the forecast of every line."""
        for line in self.lines:
            self._review(line, line.load(now), now, at_least=0)

    def _review(self, line: Line, load: Load, now: datetime, *, at_least: int) -> bool:
        """Open what the rule proposes; the duty officer always agrees. True if the plan changed."""
        flex, scenario = self.plan.scenario.flex, self.plan.scenario
        left = flex.counters - len(self.plan.added) if line.demand.code in flex.groups else 0
        longer = flex.extension if at_least and self.plan.closes == scenario.closes else 0.0
        if not left and not longer:
            return False
        usual = self._walk_ins_of(line)
        later = usually_later(scenario, line.demand, usual, minute=minute_of(now))
        forecast = still_expected(later, usual - later, line.came_unbooked)
        ready = max(minute_of(now) + flex.ready_after, scenario.opens)
        spare = Spare(left, at_minute(ready), timedelta(minutes=longer))
        relief = propose(
            line.capacity, load, now, forecast=max(at_least, forecast), spare=spare, policy=self.policy
        )
        if relief:
            self._open(relief, ready, now)
        return bool(relief)

    def _walk_ins_of(self, line: Line) -> float:
        if line.walk_ins is None:
            books = not self.walk_in_only
            line.walk_ins = walk_ins_before(self.plan.scenario, line.demand, day=self.day, books=books)
        return line.walk_ins

    def _open(self, relief: Relief, ready: float, now: datetime) -> None:
        self.plan.added += [ready] * relief.counters
        self.plan.closes += relief.extension / MINUTE
        self.tally.counters_added += relief.counters
        self.tally.days_extended += bool(relief.extension)
        self.replan(now)

    def replan(self, now: datetime) -> None:
        """Count open time anew after a change of the plan, or of who is there."""
        plan = self.plan
        opened = self.opened() if plan.scenario.closures else None
        for line in self.lines:
            code = line.demand.code
            line.capacity = plan.believed(code, now, opened=opened) if opened else plan.capacity(code)
