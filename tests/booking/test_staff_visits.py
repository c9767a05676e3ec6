"""Visits of several lines made and corrected by staff, and those given to special requests."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from booking import doctor
from booking.book import Book
from booking.book_by_staff import StaffBooking, StaffReasonUnknown, book_at_counter
from booking.correct import Correction, NeedsAnotherTime, correct
from booking.errors import SlotFull, SlotUnknown
from booking.ladder import Channel
from booking.models import Number, Slot
from booking.policy import AlreadyBookedThatDay
from booking.special_requests import AskSpecially, approve, ask
from booking.staff_visits import find_visit, staff_starts
from kernel.actor import ANONYMOUS
from kernel.audit import AuditEntry
from people.sample_ids import sample_resident_id
from people.staff import actor_of
from queueing.check_in import CheckIn, check_in
from queueing.follow_booking import follow_correction
from tests import build
from tests.build import TODAY, at

PLAIN = (Channel.ONLINE, Channel.WALK_IN)
EVERY = (*PLAIN, Channel.DUTY)
PHONE = "+8613800138000"


class Desk:
    """Two lines, A and B, with a number of each channel in every half-hour from ten to eleven."""

    def __init__(self, session, channels=("online", "walk_in", "duty"), starts=("10:00", "10:30")):
        self.hall = build.make_hall(session, "h1")
        self.groups = [build.make_group(session, self.hall, code) for code in "AB"]
        self.services = [build.make_service(session, group) for group in self.groups]
        for group in self.groups:
            for clock in starts:
                slot = build.make_slot(session, group, at(clock), numbers=len(channels))
                rows = session.scalars(
                    select(Number).where(Number.slot_id == slot.id).order_by(Number.ordinal)
                )
                for number, channel in zip(rows, channels, strict=True):
                    number.channel = channel
                    number.released_at = number.released_at if channel == "online" else None
        session.flush()

    @property
    def ids(self):
        return tuple(service.id for service in self.services)

    def staff(self, session, role="duty_officer"):
        return actor_of(build.make_staff(session, roles=(role,), hall_ids=[self.hall.id]))

    def wish(self, n=1, **values):
        facts = {
            "hall_id": self.hall.id,
            "group_id": self.groups[0].id,
            "service_ids": self.ids,
            "starts_at": at("10:00"),
            "channels": PLAIN,
            "reason": "no_phone",
            "who": Book("", "张三", "resident_id", sample_resident_id(n), PHONE),
        }
        return StaffBooking(**facts | values)


@pytest.fixture
def desk(session):
    return Desk(session)


def numbers_of(session, visit):
    return session.execute(
        select(Number.group_id, Slot.starts_at, Number.channel)
        .join(Slot, Slot.id == Number.slot_id)
        .where(Number.appointment_id == visit.id)
        .order_by(Slot.starts_at)
    ).all()


def test_an_officer_books_a_visit_of_two_lines_as_one(session, desk, now):
    a, b = desk.groups
    made = book_at_counter(session, desk.wish(), actor=desk.staff(session, "officer"), now=now)
    session.flush()
    assert numbers_of(session, made) == [(a.id, at("10:00"), "online"), (b.id, at("10:30"), "online")]
    assert [(leg["group_id"], leg["service_ids"]) for leg in made.legs] == [
        (a.id, [desk.ids[0]]),
        (b.id, [desk.ids[1]]),
    ]
    assert (made.made_by, made.service_ids) == ("staff", list(desk.ids))
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "appointment.make_by_staff")).one()
    assert entry.details["channel"] == "online"
    assert doctor.check(session) == []


def test_each_number_comes_from_the_first_channel_that_has_one(session, desk, now):
    """At ten the online number of A is gone: that leg takes a walk-in number, the other stays online."""
    taken = Number.group_id == desk.groups[0].id, Number.starts_at == at("10:00"), Number.channel == "online"
    session.delete(session.scalars(select(Number).where(*taken)).one())
    session.flush()
    made = book_at_counter(session, desk.wish(), actor=desk.staff(session, "officer"), now=now)
    assert [row.channel for row in numbers_of(session, made)] == ["walk_in", "online"]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "appointment.make_by_staff")).one()
    assert entry.details["channel"] == "online,walk_in"


def test_shows_the_starts_at_which_it_fits_and_refuses_others(session, desk, now):
    visit = find_visit(session, desk.hall.id, desk.ids, {})
    assert find_visit(session, desk.hall.id, desk.ids[:1], {}) is None
    starts = staff_starts(session, visit, TODAY, channels=PLAIN, now=now)
    # Two go from A to B and two the other way: four visits begin at ten, none at half past.
    assert [(each.starts_at, each.visits) for each in starts] == [(at("10:00"), 4)]
    assert [each.visits for each in staff_starts(session, visit, TODAY, channels=EVERY, now=now)] == [6]
    officer = desk.staff(session, "officer")
    for starts_at, refusal in ((at("10:30"), SlotFull), (at("16:00"), SlotUnknown)):
        with pytest.raises(refusal), session.begin_nested():
            book_at_counter(session, desk.wish(starts_at=starts_at), actor=officer, now=now)


def test_unreleased_online_numbers_stay_for_everybody(session, now):
    desk = Desk(session, ["online"])
    for number in session.scalars(select(Number).where(Number.group_id == desk.groups[1].id)):
        number.released_at = now + timedelta(minutes=1)
    session.flush()
    with pytest.raises(SlotFull):
        book_at_counter(session, desk.wish(), actor=desk.staff(session), now=now)


def test_duty_numbers_need_their_own_reason_for_a_visit_of_several_lines_too(session, desk, now):
    with pytest.raises(StaffReasonUnknown):
        book_at_counter(session, desk.wish(channels=EVERY), actor=desk.staff(session), now=now)
    exception = desk.wish(channels=(Channel.DUTY,), exception="urgent")
    made = book_at_counter(session, exception, actor=desk.staff(session), now=now)
    assert [row.channel for row in numbers_of(session, made)] == ["duty", "duty"]


def test_a_person_has_one_visit_a_day_in_each_of_its_lines(session, desk, now):
    officer = desk.staff(session, "officer")
    book_at_counter(session, desk.wish(), actor=officer, now=now)
    single = desk.wish(service_ids=desk.ids[1:], group_id=desk.groups[1].id, channels=(Channel.WALK_IN,))
    with pytest.raises(AlreadyBookedThatDay):
        book_at_counter(session, single, actor=officer, now=now)


def test_visits_of_two_officers_at_once_never_share_a_number(database, now):
    with database.transaction() as session:
        desk = Desk(session, ["online", "walk_in"])
        officer = desk.staff(session, "officer")
        wishes = [desk.wish(n, service_ids=desk.ids[:: 1 if n % 2 else -1]) for n in range(1, 9)]
    barrier = Barrier(len(wishes))

    def press(wish):
        barrier.wait()
        try:
            with database.transaction() as session:
                return book_at_counter(session, wish, actor=officer, now=now).id
        except SlotFull:
            return None

    with ThreadPoolExecutor(len(wishes)) as pool:
        made = [each for each in pool.map(press, wishes) if each is not None]
    with database.transaction() as session:
        assert 1 <= len(made) <= 4
        assert len(
            session.scalars(select(Number).where(Number.appointment_id.is_not(None))).all()
        ) == 2 * len(made)
        assert doctor.check(session) == []


def request_of(session, desk, now, n=1):
    command = AskSpecially(
        hall_code="h1",
        service_codes=tuple(service.code for service in desk.services),
        kind="green",
        wanted_on=TODAY,
        reason="母亲坐轮椅，两件事想一起办。",
        name="张三",
        identity_kind="resident_id",
        identity_number=sample_resident_id(n),
        phone=PHONE,
    )
    return ask(session, command, actor=ANONYMOUS, now=now)


def test_a_special_request_for_several_lines_is_given_all_its_numbers(session, desk, now):
    asked, duty = request_of(session, desk, now), desk.staff(session)
    made = approve(session, asked, starts_at=at("10:00"), answer="", actor=duty, now=now)
    assert (asked.state, asked.appointment_id, len(made.legs)) == ("approved", made.id, 2)
    assert [row.channel for row in numbers_of(session, made)] == ["duty", "duty"]
    channels = []
    for n in (2, 3):
        asked = request_of(session, desk, now, n)
        made = approve(session, asked, starts_at=at("10:00"), answer="", actor=duty, now=now)
        channels.append([row.channel for row in numbers_of(session, made)])
    assert channels == [["walk_in", "walk_in"], ["duty", "duty"]]  # the last one goes the other way round
    assert doctor.check(session) == []


def test_a_request_that_cannot_be_given_whole_stays_open(session, desk, now):
    asked = request_of(session, desk, now)
    with pytest.raises(SlotFull), session.begin_nested():
        approve(session, asked, starts_at=at("10:30"), answer="", actor=desk.staff(session), now=now)
    session.refresh(asked)
    assert asked.state == "asked"
    assert session.scalars(select(Number).where(Number.appointment_id.is_not(None))).all() == []


@pytest.fixture
def visit(session, desk, now):
    return book_at_counter(session, desk.wish(), actor=desk.staff(session, "officer"), now=now)


def fix(session, desk, visit, service, now):
    command = Correction("wrong_service", service_code=service.code)
    return correct(session, visit, command, actor=desk.staff(session), now=now)


def test_the_service_of_one_leg_is_corrected_and_the_others_stay(session, desk, visit, now):
    same = build.make_service(session, desk.groups[1], minutes=8)
    assert fix(session, desk, visit, same, now) == ["service"]
    assert visit.service_ids == [desk.ids[0], same.id]
    assert [leg["service_ids"] for leg in visit.legs] == [[desk.ids[0]], [same.id]]
    assert doctor.check(session) == []


def test_a_longer_service_or_one_of_a_line_that_the_visit_does_not_pass_needs_another_time(
    session, desk, visit, now
):
    third = build.make_group(session, desk.hall, "C")
    for service in (
        build.make_service(session, desk.groups[1], minutes=25),
        build.make_service(session, third),
    ):
        with pytest.raises(NeedsAnotherTime):
            fix(session, desk, visit, service, now)


def test_the_ticket_follows_the_leg_that_was_corrected(session, desk, visit, now):
    kiosk = actor_of(build.make_staff(session, roles=("kiosk",), hall_ids=[desk.hall.id]))
    ticket = check_in(session, CheckIn(desk.hall.id, reference=visit.reference), actor=kiosk, now=at("09:50"))
    first, second = (build.make_service(session, group, minutes=8) for group in desk.groups)
    for service in (first, second):
        fix(session, desk, visit, service, now)
        told = {"appointment_id": visit.id, "fields": ["service"]}
        follow_correction(session, told, now=now)
    assert (ticket.service_ids, [leg["service_ids"] for leg in ticket.legs]) == ([first.id], [[second.id]])
