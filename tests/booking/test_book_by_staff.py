"""Staff book for somebody at the counter: by permission, with a reason and an audit, no number twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from booking import doctor
from booking.book import Book
from booking.book_by_staff import StaffBooking, StaffReasonUnknown, book_at_counter, book_by_staff
from booking.errors import SlotFull, SlotUnknown
from booking.ladder import Channel
from booking.models import Appointment, Number
from booking.policy import AlreadyBookedThatDay, InPast, SuspendedForNoShows
from booking.staff_slots import staff_slots, starts_in_line
from kernel.audit import AuditEntry
from kernel.errors import DomainError, Forbidden
from people.citizens import identity_index, number_of
from people.models import Citizen
from people.sample_ids import sample_resident_id
from people.staff import actor_of
from tests import build
from tests.build import at

TEN = at("10:00")
CHANNELS = (Channel.DUTY, Channel.WALK_IN)


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


def long_visit(session, channels, **values):
    """A service of two numbers, at a desk whose slot at ten has these channels."""
    desk = Desk(session, channels)
    desk.service.minutes = 2 * desk.group.unit_minutes
    session.flush()
    return desk, desk.wish(channels=CHANNELS, **values)


def channels_of(session, made):
    of_visit = select(Number.channel).where(Number.appointment_id == made.id)
    return list(session.scalars(of_visit.order_by(Number.ordinal)))


def starts(session, desk, needed, channels, now):
    slots = staff_slots(session, desk.group.id, build.TODAY, now=now)
    return [each.starts_at for each in starts_in_line(slots, needed=needed, channels=channels)]


def test_a_visit_of_several_numbers_takes_them_of_several_channels(session, now):
    desk, wish = long_visit(session, ["duty", "walk_in"])
    assert starts(session, desk, 2, CHANNELS, now) == [TEN]
    made = book_by_staff(session, wish, actor=desk.staff(session, "duty_officer"), now=now)
    assert channels_of(session, made) == ["duty", "walk_in"]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "appointment.make_by_staff")).one()
    assert entry.details["channel"] == "duty,walk_in"
    assert not list(doctor.check(session))


def test_each_number_is_of_the_first_channel_that_has_one_in_its_slot(session, now):
    desk, wish = long_visit(session, ["walk_in", "walk_in", "duty"])
    made = book_by_staff(session, wish, actor=desk.staff(session, "duty_officer"), now=now)
    assert sorted(channels_of(session, made)) == ["duty", "walk_in"]


HAVE = st.lists(st.sampled_from(["online", "walk_in", "duty", "later"]), max_size=4)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    slots=st.lists(HAVE, min_size=1, max_size=3),
    needed=st.integers(1, 4),
    channels=st.sampled_from([CHANNELS, (Channel.ONLINE, Channel.WALK_IN), (Channel.DUTY,)]),
)
def test_what_a_page_offers_is_taken_and_nothing_else(database, slots, needed, channels):
    now = at("09:00")
    with database.engine.connect() as connection, Session(connection) as session:
        desk = Desk(session, [])
        session.delete(desk.slot)
        session.flush()
        desk.service.minutes = needed * desk.group.unit_minutes
        times = [TEN + timedelta(minutes=30 * nth) for nth in range(len(slots))]
        for starts_at, have in zip(times, slots, strict=True):
            slot = build.make_slot(session, desk.group, starts_at, numbers=len(have))
            rows = session.scalars(select(Number).where(Number.slot_id == slot.id).order_by(Number.ordinal))
            for number, channel in zip(rows, have, strict=True):
                number.channel = "online" if channel == "later" else channel
                number.released_at = {"online": now, "later": TEN}.get(channel)
        session.flush()
        officer, taken = desk.staff(session, "duty_officer"), []
        offered = starts(session, desk, needed, channels, now)
        for nth, starts_at in enumerate(times):
            wish = desk.wish(nth + 1, channels=channels, starts_at=starts_at)
            savepoint = session.begin_nested()
            try:
                made = book_by_staff(session, wish, actor=officer, now=now)
                assert len(channels_of(session, made)) == needed
                taken.append(starts_at)
            except SlotFull:
                pass
            savepoint.rollback()
        session.rollback()
    assert taken == offered


def test_visits_of_several_numbers_and_channels_at_once_share_none(database, now):
    with database.transaction() as session:
        desk, _ = long_visit(session, ["duty", "walk_in", "walk_in", "duty", "walk_in"])
        duty = desk.staff(session, "duty_officer")
    barrier = Barrier(12)

    def one(n: int):
        barrier.wait()
        try:
            with database.transaction() as session:
                return book_by_staff(session, desk.wish(n, channels=CHANNELS), actor=duty, now=now).id
        except SlotFull:
            return None

    with ThreadPoolExecutor(12) as pool:
        made = [each for each in pool.map(one, range(1, 13)) if each is not None]
    with database.transaction() as session:
        assert 1 <= len(made) <= 2
        numbers = [len(channels_of(session, session.get_one(Appointment, each))) for each in made]
        assert numbers == [2] * len(made)
        assert not list(doctor.check(session))
        left = starts(session, desk, 2, CHANNELS, now)
        assert bool(left) == (len(made) == 1)
