"""Staff book for somebody at the counter: by permission, with a reason and an audit, no number twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select

from booking import doctor
from booking.book import Book
from booking.book_by_staff import StaffBooking, StaffReasonUnknown, book_at_counter
from booking.errors import SlotFull, SlotUnknown
from booking.ladder import Channel
from booking.models import Appointment, Number
from booking.policy import AlreadyBookedThatDay, InPast, SuspendedForNoShows
from kernel.audit import AuditEntry
from kernel.errors import DomainError, Forbidden
from people.citizens import identity_index, number_of
from people.models import Citizen
from people.sample_ids import sample_resident_id
from people.staff import actor_of
from tests import build
from tests.build import at

TEN = at("10:00")


class Desk:
    def __init__(self, session, channels):
        self.hall = build.make_hall(session)
        self.group = build.make_group(session, self.hall)
        self.service = build.make_service(session, self.group)
        self.slot = build.make_slot(session, self.group, TEN, numbers=len(channels))
        rows = session.scalars(select(Number).where(Number.slot_id == self.slot.id).order_by(Number.ordinal))
        for number, channel in zip(rows, channels, strict=True):
            number.channel = channel
            if channel != "online":
                number.released_at = None
        session.flush()

    def staff(self, session, role="officer"):
        return actor_of(build.make_staff(session, roles=(role,), hall_ids=[self.hall.id]))

    def wish(self, n=1, **values):
        who = Book("", "张三", "resident_id", sample_resident_id(n), values.pop("phone", ""))
        facts = {
            "hall_id": self.hall.id,
            "group_id": self.group.id,
            "service_ids": (self.service.id,),
            "starts_at": TEN,
            "channels": (Channel.ONLINE, Channel.WALK_IN),
            "reason": "no_phone",
            "who": who,
        }
        return StaffBooking(**facts | values)


@pytest.fixture
def desk(session):
    return Desk(session, ["online", "walk_in", "duty"])


def test_books_without_a_phone_and_says_who_made_it_and_why(session, desk, now):
    officer = desk.staff(session)
    made = book_at_counter(session, desk.wish(), actor=officer, now=now)
    session.flush()
    assert (made.made_by, made.state, made.phone_sealed, made.phone_index) == ("staff", "booked", None, None)
    assert number_of(session.get(Citizen, made.citizen_id)) == sample_resident_id(1)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "appointment.make_by_staff")).one()
    assert (entry.actor_id, entry.subject_id, entry.hall_id) == (officer.id, made.id, desk.hall.id)
    assert entry.details == {"reason": "no_phone", "channel": "online", "exception": None}


def test_goes_through_the_channels_in_order(session, desk, now):
    officer = desk.staff(session)
    for n in (1, 2):
        book_at_counter(session, desk.wish(n), actor=officer, now=now)
    taken = session.scalars(
        select(Number.channel).where(Number.appointment_id.is_not(None)).order_by(Number.ordinal)
    )
    assert list(taken) == ["online", "walk_in"]
    with pytest.raises(SlotFull):
        book_at_counter(session, desk.wish(3), actor=officer, now=now)


def test_unreleased_online_numbers_stay_for_everybody(session, now):
    desk = Desk(session, ["online"])
    session.scalars(select(Number).where(Number.slot_id == desk.slot.id)).one().released_at = at("09:59")
    session.flush()
    with pytest.raises(SlotFull):
        book_at_counter(session, desk.wish(), actor=desk.staff(session), now=now)


def test_a_duty_number_needs_the_duty_officer_and_a_reason_of_its_own(session, desk, now):
    wish = desk.wish(channels=(Channel.DUTY,), exception="urgent")
    with pytest.raises(Forbidden):
        book_at_counter(session, wish, actor=desk.staff(session), now=now)
    duty = desk.staff(session, "duty_officer")
    with pytest.raises(StaffReasonUnknown):
        book_at_counter(session, replace(wish, exception=""), actor=duty, now=now)
    book_at_counter(session, wish, actor=duty, now=now)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "appointment.make_by_staff")).one()
    assert (entry.details["channel"], entry.details["exception"]) == ("duty", "urgent")


@pytest.mark.parametrize("role", ["manager", "desk", "kiosk", "display"])
def test_who_lacks_the_permission_books_nothing(session, desk, role, now):
    with pytest.raises(Forbidden):
        book_at_counter(session, desk.wish(), actor=desk.staff(session, role), now=now)
    assert session.scalar(select(func.count()).select_from(Appointment)) == 0


def test_an_officer_of_another_hall_books_nothing(session, desk, now):
    stranger = actor_of(build.make_staff(session, hall_ids=[build.make_hall(session).id]))
    with pytest.raises(Forbidden):
        book_at_counter(session, desk.wish(), actor=stranger, now=now)


@pytest.mark.parametrize("reason", ["", "because", "special_request"])
def test_a_reason_is_one_of_the_list(session, desk, reason, now):
    with pytest.raises(StaffReasonUnknown):
        book_at_counter(session, desk.wish(reason=reason), actor=desk.staff(session), now=now)


def test_rules_about_the_person_hold_unless_the_duty_officer_decides(session, desk, now):
    index = identity_index("resident_id", sample_resident_id(1))
    citizen = build.make_citizen(session, identity_index=index)
    for hours in (30, 60, 90):
        group = build.make_group(session, desk.hall, f"N{hours // 30}")
        slot = build.make_slot(session, group, now - timedelta(hours=hours))
        build.make_appointment(session, slot, citizen, state="no_show")
    wish = desk.wish()
    with pytest.raises(SuspendedForNoShows):
        book_at_counter(session, wish, actor=desk.staff(session), now=now)
    despite = replace(wish, despite_standing=True, exception="hardship")
    with pytest.raises(Forbidden):
        book_at_counter(session, despite, actor=desk.staff(session), now=now)
    assert (
        book_at_counter(session, despite, actor=desk.staff(session, "duty_officer"), now=now).made_by
        == "staff"
    )


def test_nobody_has_two_of_a_line_on_a_day_not_even_by_staff(session, desk, now):
    officer = desk.staff(session)
    book_at_counter(session, desk.wish(1), actor=officer, now=now)
    with pytest.raises(AlreadyBookedThatDay):
        book_at_counter(session, desk.wish(1), actor=officer, now=now)


def test_a_begun_or_unknown_slot_is_refused(session, desk, now):
    officer = desk.staff(session)
    with pytest.raises(InPast):
        book_at_counter(session, desk.wish(), actor=officer, now=at("10:00"))
    with pytest.raises(SlotUnknown):
        book_at_counter(session, desk.wish(starts_at=at("11:00")), actor=officer, now=now)


def test_a_line_of_another_hall_is_refused(session, desk, now):
    other = Desk(session, ["online"])
    with pytest.raises(SlotUnknown):
        book_at_counter(session, desk.wish(group_id=other.group.id), actor=desk.staff(session), now=now)


def test_officers_and_the_duty_officer_at_once_give_no_number_twice(database, now):
    with database.transaction() as session:
        desk = Desk(session, ["online", "walk_in", "walk_in", "duty"])
        duty = desk.staff(session, "duty_officer")
    channels = (Channel.ONLINE, Channel.WALK_IN, Channel.DUTY)
    barrier = Barrier(20)

    def one(n: int):
        wish = desk.wish(n, channels=channels, exception="urgent")
        barrier.wait()
        try:
            with database.transaction() as session:
                return book_at_counter(session, wish, actor=duty, now=now).id
        except DomainError as error:
            return error.code

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(one, range(20)))
    assert len({each for each in found if isinstance(each, int)}) == 4
    assert found.count("slot_full") == 16
    with database.transaction() as session:
        assert not list(doctor.check(session))
