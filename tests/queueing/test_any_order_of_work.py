"""All that staff and the program do in a hall, in any order with what citizens do, against a plain model.

Beside `test_any_order`: a line that is full, who is admitted or books on the spot all the same, calls that
nobody answers, and what is left of a visit. Nothing is lost, and the audit knows who did it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from booking.book import Book
from booking.book_by_staff import StaffBooking, book_at_counter
from booking.ladder import Channel
from booking.models import Number
from booking.on_the_spot import list_spot_offers
from kernel.audit import AuditEntry
from people.sample_ids import sample_resident_id
from queueing.issue import IssueTicket, issue
from queueing.models import Call, Ticket
from queueing.task_states import TASK_STEPS
from queueing.unanswered import find_unanswered, follow_up
from tests import build
from tests.build import TODAY, at
from tests.queueing.any_order import DUTY, LAST, OFFICER
from tests.queueing.any_order_after import STEPS, WithWhatIsLeft
from tests.queueing.test_any_order import play
from tests.ticket_model import Card

FULL = "C"
ON_THE_SPOT = at("10:00", TODAY + timedelta(days=1))
SPOTS = 2
#: After so many repeats of a call: seconds since the first call, and since the last, until the next step.
STEPS_OF_A_CALL = ((45, 45), (90, 45), (150, 60))
BY_HAND = ("ticket.undo_start", "ticket.undo_absent")


class AnyOrderOfWork(WithWhatIsLeft):
    """A third line is full from the beginning; the third counter serves it too."""

    seats = (("A",), ("A", "B"), ("B", FULL))
    full = FULL

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        # Longer than what the counters that are open now could do within their half-hour.
        self.groups[FULL].mean_minutes = 120.0
        self.spot_id = build.make_slot(session, self.groups[FULL], ON_THE_SPOT, numbers=SPOTS).id
        self.booked: list[int] = []
        self.sold_out = False

    # -- a line that is full ------------------------------------------------------------------------------

    @rule(officer=OFFICER, override=st.booleans(), way=st.sampled_from(["walk_in", "walk_in", "green"]))
    def ask_in_a_full_line(self, officer: int, way: str, *, override: bool) -> None:
        """Refused, unless the duty officer decides otherwise; the green channel is never refused."""
        admitted = way == "green" or override
        with self.expecting(success=admitted and (not override or officer == DUTY)) as now:
            command = IssueTicket(
                self.hall.id,
                self.groups[FULL].id,
                track=way,
                green_reason="urgent" if way == "green" else None,
                press_key=f"press-{next(self.presses)}",
                override=override,
            )
            ticket = issue(self.session, command, actor=self.officers[officer], now=now)
            self._issued(ticket, Card(FULL))
            ground = select(AuditEntry.details["ground"].astext).where(
                AuditEntry.action == "ticket.issue", AuditEntry.subject_id == ticket.id
            )
            given = self.session.scalars(ground).one()
            assert given == ("green" if way == "green" else "duty_officer")

    @precondition(lambda self: not self.sold_out)
    @rule(officer=OFFICER)
    def book_on_the_spot(self, officer: int) -> None:
        """What is offered instead of a number: tomorrow's, as long as there are any."""
        group, services = self.groups[FULL], (self.services[FULL],)
        offers = list_spot_offers(self.session, group.id, service_ids=services, now=self.now)
        left = SPOTS - len(self.booked)
        self.sold_out = not left  # asked once more, and then no more
        assert [(each.starts_at, each.free) for each in offers] == ([(ON_THE_SPOT, left)] if left else [])
        with self.expecting(success=left > 0) as now:
            who = Book("", "张三", "resident_id", sample_resident_id(100 + len(self.booked)), "")
            command = StaffBooking(
                self.hall.id, group.id, services, ON_THE_SPOT, (Channel.ONLINE,), "day_full", who
            )
            made = book_at_counter(self.session, command, actor=self.officers[officer], now=now)
            self.booked.append(made.id)
            self.note("appointment.make_by_staff", "appointment", made.id, officer)

    # -- nobody answers -----------------------------------------------------------------------------------

    @precondition(lambda self: any(card.state == "called" for card in self.model.cards))
    @rule(seconds=st.sampled_from([0, 50, 60, 160]), twice=st.booleans())
    def the_program_looks_at_calls(self, seconds: int, *, twice: bool) -> None:
        """It calls again and then marks absent, each once, and leaves alone what an officer took back."""
        self.now = min(self.now + timedelta(seconds=seconds), LAST)
        for _ in range(2 if twice else 1):
            # As if the last press were more than ten real seconds ago.
            earlier = Ticket.stepped_at - timedelta(seconds=11)
            self.session.execute(update(Ticket).values(stepped_at=earlier))
            self.session.expire_all()
            due = dict(self._due())
            with self.expecting(success=True):
                assert find_unanswered(self.session, now=self.now) == len(due)
                for at_, repeats in due.items():
                    self._follow(at_, repeats)

    def _due(self) -> Iterator[tuple[int, int]]:
        """Whose next step is due, and how often the call has been repeated."""
        for at_, card in enumerate(self.model.cards):
            if card.state != "called":
                continue
            ticket = self.ticket(at_)
            calls = select(Call.last_called_at).where(Call.ticket_id == ticket.id).order_by(Call.id.desc())
            last_at = self.session.scalars(calls.limit(1)).one()
            assert ticket.called_at is not None
            since_first, since_last = STEPS_OF_A_CALL[min(ticket.recalls, 2)]
            due_at = max(
                ticket.called_at + timedelta(seconds=since_first), last_at + timedelta(seconds=since_last)
            )
            if due_at <= self.now and not self._is_by_hand(ticket, ticket.called_at):
                yield at_, ticket.recalls

    def _is_by_hand(self, ticket: Ticket, called_at: datetime) -> bool:
        taken_back = select(AuditEntry.id).where(
            AuditEntry.subject_id == ticket.id, AuditEntry.action.in_(BY_HAND), AuditEntry.at >= called_at
        )
        return bool(self.session.scalars(taken_back).all())

    def _follow(self, at_: int, repeats: int) -> None:
        card = self.model.cards[at_]
        follow_up(self.session, {"ticket_id": self.rows[at_]}, now=self.now)
        self.session.flush()
        if repeats < len(STEPS_OF_A_CALL) - 1:
            assert self.ticket(at_).recalls == repeats + 1
            return
        card.go("mark_absent")
        card.absent_at = self.ticket(at_).absent_at

    @invariant()
    def no_number_of_tomorrow_is_given_twice(self) -> None:
        taken = select(Number.appointment_id).where(
            Number.slot_id == self.spot_id, Number.appointment_id.is_not(None)
        )
        assert sorted(self.session.scalars(taken)) == sorted(self.booked)


def test_tasks_go_only_where_the_drawing_leads() -> None:
    assert {
        str(state): {str(each) for each in after} for state, after in TASK_STEPS.items() if after
    } == STEPS


def test_in_any_order_nothing_that_is_left_of_a_visit_is_lost(session: Session) -> None:
    play(session, machine=AnyOrderOfWork, examples=8, steps=40)


@pytest.mark.faults
def test_in_any_long_order_nothing_that_is_left_of_a_visit_is_lost(session: Session) -> None:
    play(session, machine=AnyOrderOfWork, examples=80, steps=70)
