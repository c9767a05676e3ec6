"""Visits of several lines: held, booked, moved, cancelled as one."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from booking import doctor
from booking.availability import slot_counts
from booking.book import Book, book
from booking.cancel import cancel
from booking.errors import HoldExpired, OtherGroup, SlotFull, SlotUnknown
from booking.hold import HoldSlot, find_draft, hold, read_form, release, save_form
from booking.models import Number
from booking.no_show import mark_no_show
from booking.policy import AlreadyBookedThatDay
from booking.reschedule import reschedule
from booking.visit_availability import nearest_visits, visit_days
from booking.visit_offer import get_visit_offer
from catalog.models import Guide
from kernel.actor import ANONYMOUS, SYSTEM
from people.sample_ids import sample_resident_id
from tests.build import TODAY, at, make_group, make_hall, make_service, make_slot

PHONE = "+8613800138000"
TOMORROW = date(2026, 3, 3)
PAPER = [{"code": "id", "why_zh": "核对", "why_en": "To check"}]


@pytest.fixture
def hall(session):
    return make_hall(session, "h1")


@pytest.fixture
def lines(session, hall):
    """Two lines with a number in every half-hour from 10:00 to 12:00."""
    groups = [make_group(session, hall, code) for code in "AB"]
    for group in groups:
        for starts in ("10:00", "10:30", "11:00", "11:30"):
            make_slot(session, group, at(starts), numbers=1)
    return groups


@pytest.fixture
def services(session, lines):
    return [make_service(session, lines[0], minutes=20), make_service(session, lines[1])]


def hold_visit(session, now, services, starts="10:00", **values):
    codes = tuple(service.code for service in services)
    when = at(starts) if isinstance(starts, str) else starts
    return hold(session, HoldSlot("h1", codes, when, **values), actor=ANONYMOUS, now=now)


def book_visit(session, now, services, starts="10:00", seed=1):
    token = hold_visit(session, now, services, starts).token
    command = Book(token, "张三", "resident_id", sample_resident_id(seed), PHONE)
    return book(session, command, actor=ANONYMOUS, now=now)


def taken(session, appointment):
    rows = session.execute(
        select(Number.group_id, Number.starts_at)
        .where(Number.appointment_id == appointment.id)
        .order_by(Number.starts_at)
    )
    return [tuple(row) for row in rows]


def free(session, group, now):
    return [slot.free for slot in slot_counts(session, group.id, TODAY, now=now)]


def test_one_token_holds_the_numbers_of_all_lines_one_after_the_other(session, now, lines, services):
    held = hold_visit(session, now, services)
    draft = find_draft(session, held.token, now=now)
    assert (held.starts_at, draft.group_id, draft.needed) == (at("10:00"), lines[0].id, 3)
    assert [(leg["group_id"], leg["needed"], leg["service_ids"]) for leg in draft.legs] == [
        (lines[0].id, 2, [services[0].id]),
        (lines[1].id, 1, [services[1].id]),
    ]
    assert free(session, lines[0], now) == [0, 0, 1, 1]
    assert free(session, lines[1], now) == [1, 1, 0, 1]


def test_all_or_none(session, now, lines, services):
    session.execute(update(Number).where(Number.group_id == lines[1].id).values(channel="walk_in"))
    with pytest.raises(SlotFull):
        hold_visit(session, now, services)
    assert free(session, lines[0], now) == [1, 1, 1, 1]


def test_a_start_that_no_line_has_is_unknown(session, now, services):
    with pytest.raises(SlotUnknown):
        hold_visit(session, now, services, "10:10")


def test_a_full_start_offers_the_nearest_at_which_all_legs_fit(session, now, lines, services):
    session.execute(
        update(Number)
        .where(Number.group_id == lines[1].id, Number.starts_at.in_([at("10:00"), at("11:00")]))
        .values(channel="walk_in")
    )
    with pytest.raises(SlotFull) as refused:
        hold_visit(session, now, services)
    assert [each["starts_at"] for each in refused.value.params["alternatives"]] == [at("10:30").isoformat()]


def test_what_is_shown_as_free_can_be_held_and_nothing_else(session, now, services, lines):
    offer = get_visit_offer(session, "h1", [each.code for each in services], answers={})
    assert (offer.minutes, offer.needed) == (30, 3)
    days = visit_days(session, offer, first_on=TODAY, last_on=TOMORROW, now=now)
    shown = {slot.starts_at: slot.free for slot in days[TODAY].slots}
    assert list(days) == [TODAY]
    for starts_at, visits in shown.items():
        if visits:
            release(session, hold_visit(session, now, services, starts_at).token, now=now)
        else:
            with pytest.raises(SlotFull):
                hold_visit(session, now, services, starts_at)
    assert [shown[at(starts)] for starts in ("10:00", "10:30", "11:00", "11:30")] == [1, 1, 0, 0]
    assert days[TODAY].free == 2  # 10:00 as asked for, and 10:30 the other way round
    nearest = nearest_visits(session, offer, starts_at=at("11:00"), now=now)
    assert [each.starts_at for each in nearest] == [at("10:30"), at("10:00")]


def test_choosing_again_may_take_what_the_first_hold_kept_and_keeps_the_form(session, now, services, lines):
    first = hold_visit(session, now, services)
    save_form(session, first.token, {"name": "张三"}, now=now)
    again = hold_visit(session, now, services, previous_token=first.token)
    assert read_form(find_draft(session, again.token, now=now)) == {"name": "张三"}
    assert sum(free(session, lines[0], now) + free(session, lines[1], now)) == 5
    with pytest.raises(SlotFull):
        hold_visit(session, now, services, "11:30", previous_token=again.token)
    assert session.scalars(select(Number.id).where(Number.hold_token.is_not(None))).all().__len__() == 3


def test_one_appointment_carries_the_legs_and_all_numbers(session, now, services, lines):
    booked = book_visit(session, now, services)
    assert taken(session, booked) == [
        (lines[0].id, at("10:00")),
        (lines[0].id, at("10:30")),
        (lines[1].id, at("11:00")),
    ]
    assert booked.group_id == lines[0].id
    assert [leg["starts_at"] for leg in booked.legs] == [at("10:00").isoformat(), at("11:00").isoformat()]
    assert doctor.check(session) == []


def test_the_doctor_misses_a_number_of_a_leg(session, now, services, lines):
    booked = book_visit(session, now, services)
    session.execute(
        update(Number)
        .where(Number.appointment_id == booked.id, Number.group_id == lines[1].id)
        .values(appointment_id=None)
    )
    assert [each.rule for each in doctor.check(session)] == ["leg_without_its_numbers"]


@pytest.mark.parametrize("both_first", [True, False])
def test_nobody_books_a_line_of_a_visit_twice_that_day(session, now, services, both_first):
    visits = [services, services[1:]] if both_first else [services[1:], services]
    book_visit(session, now, visits[0])
    with pytest.raises(AlreadyBookedThatDay):
        book_visit(session, now, visits[1], "10:30")


def test_a_visit_moves_as_a_whole_even_when_its_legs_change_places(session, now, services, lines):
    booked = book_visit(session, now, services)
    for group, starts in ((lines[1], "10:00"), (lines[0], "10:30"), (lines[0], "11:00")):
        make_slot(session, group, at(starts, TOMORROW), numbers=1)
    token = hold_visit(session, now, services, at("10:00", TOMORROW)).token
    reschedule(session, booked, token=token, actor=ANONYMOUS, now=now, fraction=0.0)
    assert [group_id for group_id, _ in taken(session, booked)] == [lines[1].id, lines[0].id, lines[0].id]
    assert (booked.group_id, booked.starts_at) == (lines[1].id, at("10:00", TOMORROW))
    later = now + timedelta(seconds=1)
    assert sum(free(session, lines[0], later) + free(session, lines[1], later)) == 8
    assert doctor.check(session) == []


def test_a_visit_moves_only_within_its_lines_and_not_onto_another_of_its_owner(session, now, services, lines):
    booked = book_visit(session, now, services)
    token = hold_visit(session, now, services[:1], "11:00").token
    with pytest.raises(OtherGroup):
        reschedule(session, booked, token=token, actor=ANONYMOUS, now=now)
    for group, starts in ((lines[0], "10:00"), (lines[0], "10:30"), (lines[1], "11:00"), (lines[1], "12:00")):
        make_slot(session, group, at(starts, TOMORROW), numbers=1)
    book_visit(session, now, services[1:], at("12:00", TOMORROW))
    token = hold_visit(session, now, services, at("10:00", TOMORROW)).token
    with pytest.raises(AlreadyBookedThatDay):
        reschedule(session, booked, token=token, actor=ANONYMOUS, now=now)


def test_cancelling_gives_the_numbers_of_all_lines_back(session, now, services, lines):
    booked = book_visit(session, now, services)
    cancel(session, booked, reason="citizen", actor=ANONYMOUS, now=now, fraction=0.0)
    later = now + timedelta(seconds=1)
    assert (free(session, lines[0], later), free(session, lines[1], later)) == ([1] * 4, [1] * 4)
    assert doctor.check(session) == []


def test_a_hold_that_ran_out_and_lost_one_number_is_gone(session, now, services, lines):
    held = hold_visit(session, now, services)
    later = now + timedelta(minutes=11)
    hold_visit(session, later, services[1:], "11:00")
    command = Book(held.token, "张三", "resident_id", sample_resident_id(1), PHONE)
    with pytest.raises(HoldExpired):
        book(session, command, actor=ANONYMOUS, now=later)


def test_who_does_not_come_misses_one_appointment(session, now, services):
    booked = book_visit(session, now, services)
    mark_no_show(session, booked, actor=SYSTEM, now=at("13:00"))
    assert doctor.check(session) == []


def test_the_answers_of_each_service_make_its_minutes(session, now, services, lines):
    tree = {
        "start": "how",
        "questions": [
            {
                "code": "how",
                "text_zh": "怎么",
                "text_en": "How",
                "options": [
                    {"code": "short", "text_zh": "短", "text_en": "short"},
                    {"code": "long", "text_zh": "长", "text_en": "long"},
                ],
            }
        ],
        "situations": [
            {
                "code": "s",
                "name_zh": "短",
                "name_en": "S",
                "when": {"how": ["short"]},
                "minutes": 10,
                "materials": PAPER,
            },
            {
                "code": "l",
                "name_zh": "长",
                "name_en": "L",
                "when": {"how": ["long"]},
                "minutes": 30,
                "materials": PAPER,
            },
        ],
    }
    for service in services:
        service.materials = [{"code": "id", "name_zh": "身份证", "name_en": "ID card"}]
        session.add(Guide(service_id=service.id, tree=tree))
    session.flush()
    answers = {f"{services[0].code}.how": "short", f"{services[1].code}.how": "long"}
    offer = get_visit_offer(session, "h1", [each.code for each in services], answers=answers)
    assert [(leg.minutes, leg.needed) for leg in offer.legs] == [(10, 1), (30, 3)]
