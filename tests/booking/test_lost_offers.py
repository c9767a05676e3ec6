"""What a hall takes away while somebody fills in a form, or while an offer of the waitlist runs."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from booking import doctor
from booking.book import Book, book
from booking.cancel import cancel
from booking.change_plan import change_plan
from booking.close import Close, Then, close
from booking.errors import HoldExpired, SlotFull
from booking.hold import HoldSlot, hold
from booking.models import Appointment, Number, Slot
from booking.publish import publish
from booking.waitlist import JoinWaitlist, OfferTakenBack, accept, join
from booking.waitlist_offers import tend
from halls.edit import save_hall
from halls.queries import get_group_by_code
from kernel.actor import ANONYMOUS, SYSTEM
from people.sample_ids import sample_resident_id
from tests.booking.test_change_plan import MORNINGS, PLAIN, change
from tests.build import TODAY, at, make_service
from tests.conftest import NOW

TOMORROW = date(2026, 3, 3)
AFTERNOON = at("15:00", TOMORROW)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def hall(session):
    hall = save_hall(session, PLAIN, actor=SYSTEM, now=NOW)
    publish(session, hall.id, first_on=TODAY, last_on=TOMORROW, actor=SYSTEM, now=NOW)
    return hall


@pytest.fixture
def services(session, hall):
    return [make_service(session, get_group_by_code(session, hall.id, letter)).code for letter in "AZ"]


def hold_at(session, hall, codes, starts_at, now=NOW):
    return hold(session, HoldSlot(hall.code, tuple(codes), starts_at), actor=ANONYMOUS, now=now).token


def book_held(session, token, person=1, now=NOW):
    command = Book(token, "张三", "resident_id", sample_resident_id(person), "+8613800138000")
    return book(session, command, actor=ANONYMOUS, now=now)


def held(session):
    return session.scalar(select(func.count()).select_from(Number).where(Number.hold_token.is_not(None)))


def test_what_is_held_in_time_that_a_plan_has_no_more_cannot_be_confirmed(session, hall, services):
    token = hold_at(session, hall, services[:1], AFTERNOON)
    change(session, then=Then.KEEP)
    with pytest.raises(HoldExpired):
        book_held(session, token)
    assert session.scalars(select(Appointment.id)).all() == []
    assert held(session) == 0
    assert doctor.check(session) == []


def test_what_a_plan_still_has_stays_held(session, hall, services):
    token = hold_at(session, hall, services[:1], at("10:00", TOMORROW))
    change(session, then=Then.KEEP)
    assert book_held(session, token).starts_at == at("10:00", TOMORROW)


def test_a_visit_that_loses_one_of_its_lines_holds_nothing_in_the_other(session, hall, services):
    hold_at(session, hall, services, AFTERNOON)
    assert held(session) == 2
    change(session, then=Then.KEEP)
    assert held(session) == 0
    assert doctor.check(session) == []


def test_the_publishing_of_the_night_takes_nothing_from_a_form(session, hall, services):
    """A plan is changed by `change_plan`; what is held when the night publishes stays."""
    token = hold_at(session, hall, services[:1], AFTERNOON)
    save_hall(session, MORNINGS, actor=SYSTEM, now=NOW)
    publish(session, hall.id, first_on=TODAY, last_on=TOMORROW, actor=SYSTEM, now=NOW)
    assert book_held(session, token).starts_at == AFTERNOON


@pytest.fixture
def offered(session, hall, services):
    """Somebody who is offered tomorrow's only free number, at three in the afternoon."""
    visits = []
    for slot in session.scalars(select(Slot).where(Slot.on_date == TOMORROW, Slot.group_id == line(session))):
        visits += _book_all(session, hall, services, slot, len(visits))
    wish = JoinWaitlist(hall.code, (services[0],), TOMORROW, TOMORROW, "+8613900139000")
    entry = join(session, wish, actor=ANONYMOUS, now=NOW)
    mine = next(each for each in visits if each.starts_at == AFTERNOON)
    cancel(session, mine, reason="citizen", actor=ANONYMOUS, now=NOW, fraction=0.0)
    assert (entry.state, entry.offers, entry.offer_starts_at) == ("offered", 1, AFTERNOON)
    return entry


def line(session):
    return session.scalar(select(Slot.group_id).order_by(Slot.group_id).limit(1))


def _book_all(session, hall, services, slot, before):
    booked = []
    while True:
        try:
            token = hold_at(session, hall, services[:1], slot.starts_at)
        except SlotFull:
            return booked
        booked.append(book_held(session, token, before + len(booked) + 1))


def closed(session, hall):
    hours = (at("13:30", TOMORROW), at("18:00", TOMORROW))
    close(session, hall, Close(None, *hours, "停电", then=Then.CANCEL), actor=SYSTEM, now=NOW + MINUTE)


def planned_less(session, hall):
    change_plan(session, MORNINGS, then=Then.CANCEL, actor=SYSTEM, now=NOW + MINUTE)


@pytest.mark.parametrize("take_away", [closed, planned_less])
def test_an_offer_that_the_hall_takes_away_is_no_chance_used(session, hall, offered, take_away):
    entry = offered
    take_away(session, hall)
    assert (entry.state, entry.offers, entry.offer_until) == ("waiting", 0, None)
    with pytest.raises(OfferTakenBack):
        accept(session, entry, now=NOW + 2 * MINUTE)
    tend(session, now=NOW + 30 * MINUTE)
    assert (entry.state, entry.offers) == ("waiting", 0)
    assert doctor.check(session) == []


def test_an_offer_in_other_time_runs_on(session, hall, offered):
    close(
        session,
        hall,
        Close(None, at("09:00", TOMORROW), at("12:00", TOMORROW), "停电", then=Then.CANCEL),
        actor=SYSTEM,
        now=NOW + MINUTE,
    )
    assert (offered.state, offered.offers) == ("offered", 1)
    assert accept(session, offered, now=NOW + 2 * MINUTE)
