"""Two lines of one hall on two mornings for visits in any order, and what must always hold of them.

Beside the rows stands what people were told: which visit has which numbers. After each step the rows must say
the same, no number may be two visits' or come from nothing, what is told must be a possible visit, and all
counts must be those of what people were told.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count, pairwise
from typing import Any

from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
)
from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from booking import doctor
from booking.counts import booking_counts, channel_counts
from booking.ladder import OVERBOOKED_ABOVE
from booking.models import Draft, KeptForUndo, WaitlistEntry
from booking.publish import publish
from booking.waitlist_visits import lines_of
from kernel.actor import SYSTEM
from kernel.errors import DomainError
from kernel.outbox import OutboxEvent
from tests.build import TODAY, at, make_group, make_hall, make_plan, make_service

TOMORROW = date(2026, 3, 3)
DAYS = (TODAY, TOMORROW)
#: Who cancels or moves less than this before their time does it late.
CUTOFF = timedelta(minutes=60)
CLOCKS = ("10:00", "10:30", "11:00")
HALF_HOUR = timedelta(minutes=30)
LEAD = timedelta(minutes=30)
#: Some numbers are released in the morning itself; some are the duty officer's.
LADDER = {
    "rungs": [
        {"share": 0.4, "working_days_before": 7, "at": "08:00"},
        {"share": 0.2, "working_days_before": 0, "at": "08:40"},
        {"share": 0.2, "working_days_before": 0, "at": "09:10"},
    ],
    "duty_share": 0.2,
}
#: Some numbers are beyond the quota, as not everybody comes; unused duty numbers go to walk-ins at nine.
DUTY_FLOWS_AT = "09:00"
#: The first line has so many that some are overbooked, the second so few that people wait.
COUNTERS = (2, 1.5)
RULES = {
    "max_open_appointments": 50,
    "waitlist_offers": 9,
    "beta": 0.8,
    "show_probability": 0.5,
    "duty_flows_at": DUTY_FLOWS_AT,
    "ladder": LADDER,
}
#: The services of a visit: one line, or both in either order.
KINDS = ((0,), (1,), (0, 1), (1, 0))

_NUMBERS = text("""
SELECT group_id, on_date, starts_at, ordinal, channel, released_at, held_until, hold_token, appointment_id
FROM number WHERE hall_id = :hall_id
""")

Key = tuple[int, datetime, int]  # line, start, ordinal: a number, whatever its row


@dataclass
class Told:
    """A visit as its owner knows it."""

    person: int
    kind: tuple[int, ...]
    numbers: frozenset[Key]
    state: str = "booked"
    home: tuple[int, date] | None = None
    #: Moved by its owner so late that cancelling it then would have counted: cancelling it now is final.
    moved_late: bool = False
    ended: str = ""


@dataclass
class Wait:
    """Somebody on the waitlist."""

    entry_id: int
    person: int
    kind: tuple[int, ...]


@dataclass
class World:
    """All that people were told."""

    holds: dict[str, tuple[int, ...]] = field(default_factory=dict)
    visits: dict[int, Told] = field(default_factory=dict)
    waits: list[Wait] = field(default_factory=list)
    closures: list[tuple[int, int | None]] = field(default_factory=list)
    #: Cancelled visits that may be had back: until when, and with which numbers.
    kept: dict[int, tuple[datetime, frozenset[Key]]] = field(default_factory=dict)
    #: Those of them whose time a closure has taken, though it may be open again.
    struck: set[int] = field(default_factory=set)
    cancelled: int = 0
    moved: int = 0


class Mornings(RuleBasedStateMachine):
    """Two lines of one hall on two mornings, each half-hour with a few numbers."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.savepoint = session.begin_nested()
        self.session = session
        self.read: dict[Key, Row[Any]] | None = None
        self.now = at("08:30")
        self.people = count(1)
        self.hall = make_hall(session, policy={"booking": RULES})
        self.groups = [make_group(session, self.hall, code) for code in "AB"]
        for group, counters in zip(self.groups, COUNTERS, strict=True):
            make_plan(session, group, counters=counters, hours="10:00-11:30")
        services = [make_service(session, group) for group in self.groups]
        self.codes = [service.code for service in services]
        self.service_ids = [service.id for service in services]
        publish(session, self.hall.id, first_on=TODAY, last_on=TOMORROW, actor=SYSTEM, now=self.now)
        self.planned = set(self.rows())
        assert {row.channel for row in self.rows().values()} == {"online", "walk_in", "duty"}
        assert any(ordinal > OVERBOOKED_ABOVE for _, _, ordinal in self.planned)
        self.world = World()

    def teardown(self) -> None:
        broken = doctor.check(self.session)
        self.savepoint.rollback()
        self.session.expunge_all()
        assert broken == []

    def rows(self) -> dict[Key, Row[Any]]:
        """The numbers as they are; read again only after a step."""
        if self.read is None:
            self.read = self._read()
        return self.read

    def _read(self) -> dict[Key, Row[Any]]:
        self.session.flush()
        self.session.expire_all()
        found = self.session.execute(_NUMBERS, {"hall_id": self.hall.id}).all()
        keys = {(row.group_id, row.starts_at, row.ordinal): row for row in found}
        assert len(keys) == len(found), "a number twice"
        return keys

    def of_visit(self, appointment_id: int) -> frozenset[Key]:
        return frozenset(key for key, row in self.rows().items() if row.appointment_id == appointment_id)

    def attempt(self, step):
        """What the step gives; None where it is refused, which changes nothing."""
        self.read = None
        savepoint = self.session.begin_nested()
        try:
            made = step()
            savepoint.commit()
        except DomainError:
            savepoint.rollback()
            return None
        finally:
            self.read = None
        return made

    def services(self, kind: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(self.codes[line] for line in kind)

    def open_visits(self) -> list[int]:
        return [each for each, told in self.world.visits.items() if told.state == "booked"]

    def lines(self, kind: tuple[int, ...]) -> list[int]:
        return [self.groups[line].id for line in kind]

    def free(self, *, returning: bool = False) -> set[Key]:
        """Online numbers that nobody has: all but withdrawn ones, or those given back and those released."""
        return {
            key
            for key, row in self.rows().items()
            if row.channel == "online"
            and row.appointment_id is None
            and (row.held_until is None or row.held_until <= self.now)
            and row.released_at is not None
            and (
                not returning
                or row.released_at <= self.now
                or row.released_at.second
                or row.released_at.microsecond
            )
        }

    def _is_taken(self, row: Row[Any]) -> bool:
        held = row.held_until is not None and row.held_until > self.now
        return held or row.appointment_id is not None

    @invariant()
    def everybody_has_what_they_were_told(self) -> None:
        rows = self.rows()
        assert set(rows) <= self.planned, "a number from nothing"
        has: dict[int, set[Key]] = {}
        for key, row in rows.items():
            assert not (row.appointment_id and row.hold_token), "booked and held"
            if row.appointment_id is not None:
                has.setdefault(row.appointment_id, set()).add(key)
        wanted = {mine: set(told.numbers) for mine, told in self.world.visits.items() if told.numbers}
        assert has == wanted
        for told in self.world.visits.values():
            if told.state == "booked":
                assert possible(told.numbers, self.lines(told.kind)), "no possible visit"

    @invariant()
    def no_number_is_lost(self) -> None:
        shut = {group_id for _, group_id in self.world.closures}
        gone = self.planned - set(self.rows())
        assert all(key[1] < at("12:00") and ({None, key[0]} & shut) for key in gone)

    @invariant()
    def what_is_held_is_all_of_a_visit_or_nothing(self) -> None:
        held: dict[bytes, set[Key]] = {}
        for key, row in self.rows().items():
            if row.hold_token is not None and row.held_until is not None and row.held_until > self.now:
                held.setdefault(row.hold_token, set()).add(key)
        undoable = {
            each.hold_token: each.appointment_id for each in self.session.scalars(select(KeptForUndo))
        }
        for token in undoable.keys() & held.keys():
            mine, keys = undoable[token], frozenset(held.pop(token))
            lines = self.lines(self.world.visits[mine].kind)
            assert mine in self.world.struck or possible(keys, lines), "a part of a visit is kept"
        for token, keys in held.items():
            draft = self.session.scalars(select(Draft).where(Draft.token_hash == token)).one()
            lines = [leg["group_id"] for leg in draft.legs] or [draft.group_id]
            assert self.world.closures or possible(frozenset(keys), lines), "a part of a visit is held"

    @invariant()
    def offers_are_whole(self) -> None:
        for each in self.session.scalars(select(WaitlistEntry).where(WaitlistEntry.state == "offered")):
            assert len(lines_of(each)) == each.needed

    @invariant()
    def numbers_are_counted_as_they_are(self) -> None:
        """In each line and channel; and as many booked and held as people were told."""
        of_people = {key for told in self.world.visits.values() for key in told.numbers}
        for day in DAYS:
            wanted: Counter[tuple[int, str, str]] = Counter()
            for key, row in self.rows().items():
                if row.on_date == day:
                    mine = self._counted(row, booked=key in of_people)
                    wanted.update((row.group_id, row.channel, name) for name in mine)
            found = Counter(
                {
                    (each.group_id, each.channel, name): getattr(each, name)
                    for each in channel_counts(self.session, self.hall, on_date=day, now=self.now)
                    for name in ("planned", "released", "booked", "held", "free")
                }
            )
            assert +found == wanted

    def _counted(self, row: Row[Any], *, booked: bool) -> list[str]:
        """As what a number counts."""
        moment, held = row.released_at, not booked and self._is_taken(row)
        can_be_booked = moment is not None and moment <= self.now
        on_its_way_back = moment is not None and bool(moment.second or moment.microsecond)
        free = not booked and not held and (row.channel != "online" or can_be_booked)
        return [
            "planned",
            *(["released"] if booked or can_be_booked or on_its_way_back else []),
            *(["booked"] if booked else []),
            *(["held"] if held else []),
            *(["free"] if free and row.starts_at > self.now else []),
        ]

    @invariant()
    def bookings_are_counted_as_people_were_told(self) -> None:
        for day in DAYS:
            found = {
                each.group_id: (each.booked, each.to_come, each.late_cancelled, each.by_hall)
                for each in booking_counts(self.session, self.hall, on_date=day)
            }
            ends: dict[int, Counter[str]] = {}
            for told in self.world.visits.values():
                if told.home is not None and told.home[1] == day:
                    ends.setdefault(told.home[0], Counter())[told.ended] += 1
            assert found == {
                line: (each[""] + each["late"], each[""], each["late"], each["by hall"])
                for line, each in ends.items()
            }

    @invariant()
    def counts_equal_history(self) -> None:
        names = ("AppointmentBooked", "AppointmentCancelled", "AppointmentRescheduled")
        query = select(OutboxEvent.name, func.count()).where(OutboxEvent.name.in_(names))
        told = dict(self.session.execute(query.group_by(OutboxEvent.name)).all())
        world = self.world
        assert [told.get(name, 0) for name in names] == [len(world.visits), world.cancelled, world.moved]


def home_of(numbers: frozenset[Key]) -> tuple[int, date]:
    """The line and day a visit counts in: those of its first number."""
    line, starts_at, _ = min(numbers, key=lambda key: key[1])
    return line, starts_at.date()


def phone(person: int) -> str:
    return f"+86138{person:08}"


def possible(numbers: frozenset[Key], lines: list[int]) -> bool:
    """One number of each line, half-hour after half-hour."""
    starts = sorted(starts_at for _, starts_at, _ in numbers)
    steady = all(later - before == HALF_HOUR for before, later in pairwise(starts))
    return sorted(line for line, _, _ in numbers) == sorted(lines) and steady


def fits(free: set[Key], lines: list[int], earliest: datetime) -> bool:
    """Whether a visit of these lines, in any order, fits into the numbers."""
    there = {(line, starts_at) for line, starts_at, _ in free if starts_at >= earliest}
    orders = [lines, lines[::-1]]
    return any(
        all((line, starts_at + nth * HALF_HOUR) in there for nth, line in enumerate(order))
        for order in orders
        for _, starts_at in there
    )
