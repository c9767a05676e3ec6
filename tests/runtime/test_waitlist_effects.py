"""From a cancellation to the phone of who waits, through outbox, handlers, messages and gateway."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from booking.book import Book, book
from booking.cancel import cancel
from booking.close import Close, Then, close
from booking.hold import HoldSlot, hold
from booking.lost_offers import take_back_offers
from booking.models import Appointment, Draft, WaitlistEntry
from booking.waitlist import JoinWaitlist, accept, join, leave
from halls.models import Hall, ServiceGroup
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.outbox import OutboxEvent
from notifications import simulator, tell_wait
from notifications.models import Message
from people.sample_ids import sample_resident_id
from runtime import schedule
from runtime.drain import drain
from tests.build import at, make_group, make_hall, make_service, make_slot
from tests.conftest import NOW

TUESDAY = date(2026, 3, 3)
WAITING, NEXT = "+8613800138001", "+8613800138002"


@pytest.fixture
def booked(database):
    """The only number is booked, and two wait."""
    with database.transaction() as session:
        group = make_group(session, make_hall(session, "h1"))
        service = make_service(session, group, name_zh="身份证补领、换领", name_en="ID card: lost, renewal")
        make_slot(session, group, at("10:00", TUESDAY), numbers=1)
        token = hold(
            session, HoldSlot("h1", (service.code,), at("10:00", TUESDAY)), actor=ANONYMOUS, now=NOW
        ).token
        who = Book(token, "张三", "resident_id", sample_resident_id(1), "+8613900139000")
        reference = book(session, who, actor=ANONYMOUS, now=NOW).reference
        for language, phone in (("zh", WAITING), ("en", NEXT)):
            command = JoinWaitlist("h1", (service.code,), TUESDAY, TUESDAY, phone, {}, language)
            join(session, command, actor=ANONYMOUS, now=NOW)
        return reference


def give_up(database, reference):
    with database.transaction() as session:
        found = session.scalars(select(Appointment).where(Appointment.reference == reference)).one()
        cancel(session, found, reason="citizen", actor=ANONYMOUS, now=NOW, fraction=0.51)


def texts_to(parts, phone):
    with parts.database.transaction() as session:
        return [bubble.text for bubble in simulator.list_simulated(session, phone)]


def entry_of(session, order):
    return session.scalars(select(WaitlistEntry).order_by(WaitlistEntry.id)).all()[order]


def test_who_waits_is_told_with_a_link_and_until_when(parts, database, booked):
    give_up(database, booked)
    drain(parts, now=NOW)
    (text,) = texts_to(parts, WAITING)
    with database.transaction() as session:
        entry = entry_of(session, 0)
    assert text.startswith(
        "【有号】您候补的云州市政务服务大厅身份证补领、换领有号了：3月3日（周二）10:00，为您保留到08:50"
    )
    assert text.endswith(f"/w/{entry.reference}")
    assert texts_to(parts, NEXT) == []


def test_the_next_is_told_when_the_offer_has_lapsed(parts, database, booked):
    give_up(database, booked)
    drain(parts, now=NOW)
    later = NOW + timedelta(minutes=20)
    with database.transaction() as session:
        schedule.SCHEDULE["tend_waitlists"].do(session, None, later, later)
    drain(parts, now=later)
    (text,) = texts_to(parts, NEXT)
    assert text.startswith("【有号】A number is free: Tue 3 Mar 10:00, Yunzhou Hall, ID card: lost, renewal.")
    assert len(texts_to(parts, WAITING)) == 1


def test_who_is_offered_another_after_the_hall_took_one_back_is_told_again(parts, database, booked):
    """The offer that did not count has the same number in their count of offers."""
    give_up(database, booked)
    drain(parts, now=NOW)
    later = NOW + timedelta(minutes=5)
    with database.transaction() as session:
        token = session.get_one(Draft, entry_of(session, 0).draft_id).token_hash
        assert take_back_offers(session, [token], now=later) == 1
    with database.transaction() as session:
        schedule.SCHEDULE["tend_waitlists"].do(session, None, later, later)
    drain(parts, now=later)
    assert len(texts_to(parts, WAITING)) == 2


def shut(database, first, last, *, now, on=TUESDAY):
    with database.transaction() as session:
        hall = session.scalars(select(Hall)).one()
        command = Close(None, at(first, on), at(last, on), "停电", then=Then.CANCEL)
        close(session, hall, command, actor=SYSTEM, now=now)


def take_up_next(database, now):
    with database.transaction() as session:
        schedule.SCHEDULE["tend_waitlists"].do(session, None, now, now)


def test_who_was_told_of_an_offer_that_a_closure_takes_back_is_told_so_once(parts, database, booked):
    give_up(database, booked)
    drain(parts, now=NOW)
    later = NOW + timedelta(minutes=5)
    shut(database, "09:00", "12:00", now=later)
    drain(parts, now=later)
    drain(parts, now=later + timedelta(minutes=1))
    lost, _offer = texts_to(parts, WAITING)
    with database.transaction() as session:
        entry = entry_of(session, 0)
    assert lost.startswith(
        "【有号】抱歉，云州市政务服务大厅停办了3月3日（周二）10:00的时段，为您保留的号不能用了。您仍在候补"
    )
    assert lost.endswith(f"/w/{entry.reference}")
    assert texts_to(parts, NEXT) == []


def test_who_loses_a_second_offer_is_told_of_that_too(parts, database, booked):
    give_up(database, booked)
    drain(parts, now=NOW)
    for minutes, starts_at in ((2, "15:00"), (4, "17:00")):
        now = NOW + timedelta(minutes=minutes)
        shut(database, "09:00", "12:00" if minutes == 2 else "16:00", now=now)
        drain(parts, now=now)
        with database.transaction() as session:
            make_slot(session, session.scalars(select(ServiceGroup)).one(), at(starts_at, TUESDAY), numbers=1)
        take_up_next(database, now)
        drain(parts, now=now)
    said = [("停办了" in each, "有号了" in each) for each in texts_to(parts, WAITING)]
    assert sorted(said) == [(False, True)] * 3 + [(True, False)] * 2


def test_who_was_not_told_of_the_offer_yet_is_not_told_that_it_is_over(parts, database, booked):
    give_up(database, booked)
    shut(database, "09:00", "12:00", now=NOW)
    drain(parts, now=NOW)
    assert texts_to(parts, WAITING) == []


def test_an_offer_that_is_still_to_be_sent_is_withdrawn_with_its_number(parts, database, booked):
    give_up(database, booked)
    with database.transaction() as session:
        tell_wait.offered(session, _payload(session, "WaitlistOffered"), now=NOW)
    shut(database, "09:00", "12:00", now=NOW)
    with database.transaction() as session:
        tell_wait.offer_lost(session, _payload(session, "WaitlistOfferLost"), now=NOW)
        assert [each.state for each in session.scalars(select(Message)).all()] == ["cancelled"]


def test_who_is_offered_another_at_once_reads_of_that_alone(parts, database, booked):
    give_up(database, booked)
    drain(parts, now=NOW)
    shut(database, "09:00", "12:00", now=NOW)
    with database.transaction() as session:
        make_slot(session, session.scalars(select(ServiceGroup)).one(), at("15:00", TUESDAY), numbers=2)
    take_up_next(database, NOW)
    drain(parts, now=NOW)
    assert ["有号了" in each for each in texts_to(parts, WAITING)] == [True, True]


def _payload(session, name):
    return session.scalars(select(OutboxEvent.payload).where(OutboxEvent.name == name)).one()


def test_who_has_left_before_the_message_goes_out_is_not_told(parts, database, booked):
    give_up(database, booked)
    with database.transaction() as session:
        leave(session, entry_of(session, 0), actor=ANONYMOUS, now=NOW)
    drain(parts, now=NOW)
    assert texts_to(parts, WAITING) == []
    assert len(texts_to(parts, NEXT)) == 1


def test_who_has_taken_it_already_is_not_told_again_and_nothing_personal_is_in_the_outbox(
    parts, database, booked
):
    give_up(database, booked)
    drain(parts, now=NOW)
    with database.transaction() as session:
        accept(session, entry_of(session, 0), now=NOW)
    drain(parts, now=NOW + timedelta(minutes=1))
    assert len(texts_to(parts, WAITING)) == 1
    with database.transaction() as session:
        facts = session.scalars(select(Message.facts).where(Message.template == "waitlist_offer")).all()
    assert [set(each) for each in facts] == [{"starts_at"}]
