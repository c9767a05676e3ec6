"""A hall for steps in any order: two lines, three counters, five bookings, and what must always hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count, pairwise
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from booking.cancel import cancel
from booking.models import Appointment
from kernel.actor import ANONYMOUS
from kernel.audit import AuditEntry
from kernel.errors import DomainError
from kernel.outbox import OutboxEvent
from people.models import Staff
from queueing import counters, doctor, hand_over
from queueing.call_next import call_next
from queueing.check_in import CheckIn, check_in
from queueing.close_day import close_day
from queueing.issue import IssueTicket, issue
from queueing.leave import leave_with_booking
from queueing.models import Call, CounterSession, Line, Ticket
from tests import build
from tests.build import TODAY, at
from tests.queueing.hall_day import KIOSK, PAPERS, officer_of
from tests.ticket_drawing import UNTIMED, drawing
from tests.ticket_model import AT_COUNTER, ENDS, Card, Model, Seat, Visit

HALF_DAY = at("13:00")
LAST = at("13:40")
EARLY = timedelta(minutes=30)
SEATS = (("A",), ("A", "B"), ("B",))
VISITS = (("09:30", "A"), ("10:30", "AB"), ("10:30", "B"), ("12:30", "BA"), ("13:30", "A"))
DUTY = 3
RECENT = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5])
OFFICER = st.sampled_from([0, 1, 2, DUTY])
#: Presses wait for each other's locks: one that was made a little earlier may come to be done later.
LAG = st.sampled_from([0, 0, 0, 0, 2, 20])
TIMES = ("called_at", "started_at", "ended_at", "absent_at", "returned_at")

#: What the audit calls a step, where the drawing has another word for it.
WORDS = {"call": "call_next", "issue": ""}


class Hall(RuleBasedStateMachine):
    """Steps in two lines and at three counters on one morning. Officer 3 is on duty for the whole hall."""

    seats: tuple[tuple[str, ...], ...] = SEATS  # which lines each counter serves
    full = ""  # the line that has no time left for walk-ins from the beginning

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.savepoint = session.begin_nested()
        self.session = session
        self.now = at("09:00")
        self.presses = count(1)
        self.hall = build.make_hall(session)
        self.groups = {letter: build.make_group(session, self.hall, letter) for letter in "AB" + self.full}
        for letter, group in self.groups.items():
            build.make_plan(session, group, counters=0.01 if letter == self.full else 9)
        self.services = {
            letter: build.make_service(session, group, materials=PAPERS).id
            for letter, group in self.groups.items()
        }
        self.counters = [
            build.make_counter(session, self.hall, [self.groups[line] for line in lines]).id
            for lines in self.seats
        ]
        roles = ["officer"] * len(self.seats) + ["duty_officer"]
        self.staff = [build.make_staff(session).id for _ in roles]
        self.officers = [
            officer_of(session.get_one(Staff, staff_id), role)
            for staff_id, role in zip(self.staff, roles, strict=True)
        ]
        self.model = Model([Seat(lines) for lines in self.seats])
        self.visits = [self._booked(time, lines) for time, lines in VISITS]
        self.rows: list[int] = []
        self.read: list[Ticket] | None = None
        self.seen: dict[int, dict[str, datetime | None]] = {}
        self.keys: dict[int, tuple[datetime, datetime | None]] = {}
        self.before_late: dict[int, tuple[datetime, datetime | None]] = {}
        self.chosen: list[int] = []
        self.lag = timedelta(0)

    def _booked(self, time: str, lines: str) -> int:
        first = self.groups[lines[0]]
        slot = build.make_slot(self.session, first, at(time), numbers=1)
        legs = [
            {
                "group_id": self.groups[line].id,
                "service_ids": [self.services[line]],
                "starts_at": at(time).isoformat(),
            }
            for line in lines
        ]
        values = {"legs": legs} if len(lines) > 1 else {}
        values["service_ids"] = [self.services[line] for line in lines]
        self.model.visits.append(Visit(at(time), tuple(lines)))
        return build.make_appointment(self.session, slot, **values).id

    def teardown(self) -> None:
        try:
            self.close_the_day()
            self.read = None
            self.the_rows_are_those_of_the_model()
            assert all(ticket.state in ENDS for ticket in self.tickets())
            assert all(seat.officer is None for seat in self.model.seats)
            self.steps_are_drawn()
            assert doctor.check(self.session) == []
        finally:
            self.savepoint.rollback()
            self.session.expunge_all()

    # -- reading ------------------------------------------------------------------------------------------

    def tickets(self) -> list[Ticket]:
        """The rows as they are; read again only after a step."""
        if self.read is None:
            self.session.expire_all()
            self.read = list(self.session.scalars(select(Ticket).order_by(Ticket.id)))
        return self.read

    def check_invariants(self, *args: Any, **values: Any) -> None:
        self.read = None  # a step may have changed them
        super().check_invariants(*args, **values)

    def ticket(self, at_: int) -> Ticket:
        return self.session.get_one(Ticket, self.rows[at_])

    def some(self, choice: int) -> int:
        """One of the tickets, mostly one that has not ended; of these the newest first."""
        going = [at_ for at_, card in enumerate(self.model.cards) if card.state not in ENDS]
        found = going or list(range(len(self.model.cards)))
        return found[-1 - choice % len(found)]

    @contextmanager
    def expecting(self, *, success: bool) -> Iterator[datetime]:
        """The step works exactly when the model says so; a refusal changes nothing. Yields its moment."""
        step = self.session.begin_nested()
        refusal: str | None = None
        before = self._written()
        try:
            yield max(self.now - self.lag, at("09:00"))
            step.commit()
            told, audited = (now > then for now, then in zip(self._written(), before, strict=True))
            assert audited or not told, "something happened that the audit does not know"
        except DomainError as error:
            step.rollback()
            refusal = error.code
        finally:
            self.lag = timedelta(0)
        assert (refusal is None) is success, refusal or "should have been refused"

    def _written(self) -> tuple[int, int]:
        """The last event, and the last entry of the audit."""
        self.session.flush()
        last = [self.session.scalar(select(func.max(each.id))) or 0 for each in (OutboxEvent, AuditEntry)]
        return last[0], last[1]

    # -- citizens -----------------------------------------------------------------------------------------

    @rule(line=st.sampled_from("AB"), track=st.sampled_from(["walk_in", "walk_in", "green", "standby"]))
    def take_a_number(self, line: str, track: str) -> None:
        """The same press twice is one number."""
        reason = "elderly" if track == "green" else None
        command = IssueTicket(
            self.hall.id,
            self.groups[line].id,
            service_ids=(self.services[line],),
            track=track,
            green_reason=reason,
            press_key=f"press-{next(self.presses)}",
        )
        ticket = issue(self.session, command, actor=KIOSK, now=self.now)
        assert issue(self.session, command, actor=KIOSK, now=self.now).id == ticket.id
        self._issued(ticket, Card(line, services=(line,)))

    def _standbys_may_have_a_promise(self) -> None:
        """The one change of a key: whoever asks for a number lets standbys in first, if there is room."""
        for each in self.session.scalars(select(Ticket).where(Ticket.promoted_at == self.now)):
            assert each.track == "walk_in"
            assert each.promised_at is not None
            assert each.promised_at >= self.now
            self.keys[each.id] = (each.due_at, each.promised_at)

    def _issued(self, ticket: Ticket, card: Card) -> None:
        self.rows.append(ticket.id)
        self.model.cards.append(card)
        self.keys[ticket.id] = (ticket.due_at, ticket.promised_at)
        self._standbys_may_have_a_promise()

    @rule(which=st.integers(0, len(VISITS) - 1), by_staff=st.booleans())
    def check_in(self, which: int, *, by_staff: bool) -> None:
        visit = self.model.visits[which]
        again = visit.ticket is not None and self.model.cards[visit.ticket].state != "abandoned"
        early = self.now < visit.starts_at - EARLY and not by_staff
        works = again or (visit.state == "booked" and not early)
        with self.expecting(success=works):
            reference = self.session.get_one(Appointment, self.visits[which]).reference
            actor = self.officers[0] if by_staff else KIOSK
            ticket = check_in(
                self.session, CheckIn(self.hall.id, reference=reference), actor=actor, now=self.now
            )
            if again:
                assert ticket.id == self.rows[visit.ticket or 0]
                return
            first, *legs = visit.lines
            walk_in = visit.starts_at < HALF_DAY <= self.now
            slot_at = None if walk_in else visit.starts_at
            visit.state, visit.ticket = "checked_in", len(self.rows)
            self._issued(ticket, Card(first, legs, {first}, which, slot_at=slot_at, services=(first,)))

    @rule(which=st.integers(0, len(VISITS) - 1))
    def cancel_the_booking(self, which: int) -> None:
        """Who waits, was put aside or missed the call leaves the line with the booking."""
        visit = self.model.visits[which]
        works = visit.state == "cancelled" or (visit.open and visit.starts_at > self.now)
        with self.expecting(success=works):
            appointment = self.session.get_one(Appointment, self.visits[which])
            cancel(self.session, appointment, reason="citizen", actor=ANONYMOUS, now=self.now, fraction=0.5)
            leave_with_booking(self.session, {"appointment_id": appointment.id}, now=self.now)
            visit.state = "cancelled"
            card = None if visit.ticket is None else self.model.cards[visit.ticket]
            if card is not None and card.state in ("waiting", "parked", "absent"):
                self.model.let_go(card)

    # -- counters -----------------------------------------------------------------------------------------

    @rule(officer=st.integers(0, 2), counter=st.integers(0, 2), own=st.booleans())
    def sit_down(self, officer: int, counter: int, *, own: bool) -> None:
        counter = officer if own else counter
        seat, elsewhere = self.model.seats[counter], self.model.seat_of(officer)
        works = seat.officer == officer or (seat.officer is None and elsewhere is None)
        with self.expecting(success=works) as now:
            counters.open_counter(self.session, self.counters[counter], actor=self.officers[officer], now=now)
            seat.officer, seat.paused = officer, False

    @rule(officer=OFFICER, counter=st.integers(0, 2), leave=st.booleans())
    def pause_or_leave(self, officer: int, counter: int, *, leave: bool) -> None:
        seat = self.model.seats[counter]
        own = seat.officer is not None and officer in (DUTY, seat.officer)
        works = own and not (leave and self.model.at(counter))
        with self.expecting(success=works) as now:
            actor, counter_id = self.officers[officer], self.counters[counter]
            if leave:
                counters.close_counter(self.session, counter_id, actor=actor, now=now)
                seat.officer, seat.paused, seat.offered = None, False, False
            else:
                counters.pause_counter(self.session, counter_id, reason="break", actor=actor, now=now)
                seat.paused = True

    @rule(officer=OFFICER, counter=st.integers(0, 2), wanted=st.sampled_from([True, True, False]))
    def ask_to_be_relieved(self, officer: int, counter: int, *, wanted: bool) -> None:
        seat = self.model.seats[counter]
        works = seat.officer is not None and officer in (DUTY, seat.officer)
        with self.expecting(success=works) as now:
            actor, counter_id = self.officers[officer], self.counters[counter]
            hand_over.offer_counter(self.session, counter_id, wanted=wanted, actor=actor, now=now)
            seat.offered = wanted

    @precondition(lambda self: any(seat.officer is not None for seat in self.model.seats))
    @rule(officer=OFFICER, counter=st.integers(0, 2), lag=LAG)
    def take_over(self, officer: int, counter: int, lag: int) -> None:
        """A counter that was offered, or any by the duty officer; one officer sits at one counter."""
        self.lag = timedelta(seconds=lag)
        seat = self.model.seats[counter]
        already = seat.officer == officer
        free = self.model.seat_of(officer) is None and (seat.offered or officer == DUTY)
        with self.expecting(success=seat.officer is not None and (already or free)) as now:
            hand_over.take_over(self.session, self.counters[counter], actor=self.officers[officer], now=now)
            if not already:
                self.model.take_over(counter, officer)

    @rule(officer=OFFICER, counter=st.integers(0, 2), own=st.sampled_from([True, True, True, False]))
    def call_next(self, officer: int, counter: int, *, own: bool) -> None:
        """Somebody who waits in a line of the counter; nobody only where nobody waits. Twice is once."""
        seat = self.model.seats[counter]
        officer = seat.officer if own and seat.officer is not None else officer
        allowed = seat.officer is not None and officer in (DUTY, seat.officer)
        works = allowed and not seat.paused and self.model.at(counter) is None
        waiting = self.model.waiting_for(counter)
        with self.expecting(success=works) as now:
            press = {"actor": self.officers[officer], "now": now, "press_key": f"call-{next(self.presses)}"}
            called = call_next(self.session, self.counters[counter], **press)
            assert (called is None) is (not waiting)
            if called is None:
                return
            again = call_next(self.session, self.counters[counter], **press)
            assert again is not None
            assert again.id == called.id
            assert self.rows.index(called.id) in waiting
            card = self.model.cards[self.rows.index(called.id)]
            card.call(counter)

    # -- time ---------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 2, 5, 10, 25, 40]))
    def wait(self, minutes: int) -> None:
        self.now = min(self.now + timedelta(minutes=minutes), LAST)

    @precondition(lambda self: self.now > at("11:00"))
    @rule(sure=st.sampled_from([False, False, False, True]))
    def the_day_is_closed_and_goes_on(self, *, sure: bool) -> None:
        if sure:
            self.close_the_day()

    def close_the_day(self) -> None:
        going = [card for card in self.model.cards if card.state not in ENDS]
        closed = close_day(self.session, self.hall.id, on_date=TODAY, now=self.now)
        assert closed.abandoned + closed.completed == len(going)
        self.model.close_day()

    # -- what always holds --------------------------------------------------------------------------------

    @invariant()
    def the_rows_are_those_of_the_model(self) -> None:
        assert [self._seen(ticket) for ticket in self.tickets()] == [
            card.facts() for card in self.model.cards
        ]
        found = select(Appointment.id, Appointment.state).where(Appointment.hall_id == self.hall.id)
        states = dict(self.session.execute(found).all())
        assert [states[row] for row in self.visits] == [visit.state for visit in self.model.visits]

    @invariant()
    def who_sits_where_is_as_in_the_model(self) -> None:
        running = select(CounterSession).where(CounterSession.closed_at.is_(None))
        seen = {row.counter_id: (row.staff_id, row.state) for row in self.session.scalars(running)}
        wanted = {
            self.counters[at_]: (self.staff[seat.officer], "paused" if seat.paused else "open")
            for at_, seat in enumerate(self.model.seats)
            if seat.officer is not None
        }
        assert seen == wanted

    @invariant()
    def times_never_run_backwards(self) -> None:
        for ticket in self.tickets():
            before = self.seen.get(ticket.id, {})
            times = {name: getattr(ticket, name) for name in TIMES}
            for name, then in before.items():
                assert then is None or times[name] is None or times[name] >= then, name
            self.seen[ticket.id] = times
            known = [each for each in times.values() if each is not None]
            assert min(known, default=ticket.issued_at) >= ticket.issued_at
            assert ticket.ended_at is None or ticket.ended_at == max(known)
            assert (ticket.ended_at is None) is (ticket.state not in ENDS)

    @invariant()
    def nobody_s_place_gets_worse(self) -> None:
        """Key and promise stay as they were given, but for a booked person who comes back late."""
        assert {each.id: (each.due_at, each.promised_at) for each in self.tickets()} == self.keys

    @invariant()
    def lines_count_their_calls(self) -> None:
        calls = list(self.session.scalars(select(Call.group_id)))
        for line in self.session.scalars(select(Line).execution_options(populate_existing=True)):
            assert line.calls == calls.count(line.group_id)

    def steps_are_drawn(self) -> None:
        """Each step in the audit is an arrow of the drawing, under its verb, and none before the last."""
        arrows = drawing()
        entries = select(AuditEntry).where(AuditEntry.subject_kind == "ticket").order_by(AuditEntry.id)
        told: dict[int | None, list[AuditEntry]] = {}
        for entry in self.session.scalars(entries):
            told.setdefault(entry.subject_id, []).append(entry)
            if entry.from_state is None or entry.to_state is None:
                continue
            verb = entry.action.removeprefix("ticket.")
            assert WORDS.get(verb, verb) in arrows[entry.from_state, entry.to_state]
        for mine in told.values():
            timed = [each.at for each in mine if not each.action.startswith(UNTIMED)]
            assert all(before <= after for before, after in pairwise(timed))

    def _seen(self, ticket: Ticket) -> tuple[object, ...]:
        letters = {group.id: letter for letter, group in self.groups.items()}
        keys = {service_id: key for key, service_id in self.services.items()}
        legs = [letters[leg["group_id"]] for leg in ticket.legs]
        counter = self.counters.index(ticket.counter_id or 0) if ticket.state in AT_COUNTER else None
        services = [[keys[each] for each in ids] for ids in (ticket.service_ids, ticket.done_service_ids)]
        return letters[ticket.group_id], ticket.state, counter, legs, *services
