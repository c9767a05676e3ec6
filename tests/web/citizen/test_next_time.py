"""Wishes for next time: offered once a booking stands, to the phone that booked, and to nobody else."""

from datetime import timedelta

from sqlalchemy import update

from booking.models import Appointment
from kernel import clock
from people.models import KnownBrowser, SavedPerson
from people.sample_ids import sample_resident_id
from tests.conftest import NOW
from tests.web.citizen.town import NUMBER, book, hold_first

TITLE = "下次更快"


def later(town, **delta):
    clock.set_demo(town.parts.settings.var / "clock.json", NOW + timedelta(**delta), 0.0)


def kept(town):
    return town.count(SavedPerson), town.count(KnownBrowser)


def test_each_wish_is_its_own_and_goes_once_it_is_kept(town, phone):
    book(town, phone)
    assert TITLE in phone.words
    assert kept(town) == (0, 0)
    phone.press("只存办事人")
    assert kept(town) == (1, 0)
    phone.press("这是我自己的手机")
    assert kept(town) == (1, 1)
    assert TITLE not in phone.words
    assert NUMBER not in phone.html


def test_a_press_too_many_keeps_nothing_twice(town, phone):
    reference = book(town, phone)
    wish = phone.form_with("都记住").fields | {"keep": "both"}
    for _ in range(2):
        phone.client.post(f"/b/{reference}/next-time", data=wish)
    assert kept(town) == (1, 1)


def test_only_the_phone_that_booked_is_asked(town, phone):
    reference = book(town, phone)
    stranger = town.phone()
    assert TITLE not in stranger.go(f"/b/{reference}").words
    later(town, minutes=2)
    book(town, stranger, phone="13900139000", number=sample_resident_id(9))
    wish = stranger.form_with("都记住").fields | {"keep": "both"}
    assert TITLE not in stranger.go(f"/b/{reference}").words
    stranger.client.post(f"/b/{reference}/next-time", data=wish)
    assert kept(town) == (0, 0)


def test_a_known_browser_keeps_persons_but_makes_no_other_browser_known(town, phone):
    book(town, phone, mine="1")
    later(town, days=1)
    hold_first(phone, "passport", answers="")
    phone.press("下一步", name="王小明", number=sample_resident_id(9), agree="1").press("确认预约")
    assert "这是我自己的手机" not in phone.words
    phone.press("存为常用办事人")
    assert kept(town) == (1, 1)


def test_a_number_that_staff_have_typed_is_not_kept_for_the_phone(town, phone):
    reference = book(town, phone)
    with town.parts.database.transaction() as session:
        session.execute(update(Appointment).values(made_by="staff"))
    assert TITLE not in phone.go(f"/b/{reference}").words


def test_nothing_is_offered_for_a_booking_that_was_cancelled(town, phone):
    reference = book(town, phone)
    phone.go(f"/b/{reference}/cancel").press("确定取消")
    assert TITLE not in phone.words
