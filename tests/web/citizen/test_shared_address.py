"""Whole halls, villages and carriers share an address: nobody is stopped because of a neighbour."""

import pytest

from booking.queries import get_appointment
from tests import build
from tests.web.citizen.town import TUESDAY, book

MOST, MOST_ARRIVING = 60, 10


def try_a_code(client, *, cookie: bool = True) -> int:
    page = client.get("/verify").text
    if not cookie:
        client.delete_cookie("yd")
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    facts = {"phone": "13800138000", "code": "000000", "csrf_token": token}
    return client.post("/verify", data=facts).status_code


def test_a_browser_that_tries_too_often_waits_and_its_neighbours_do_not(town):
    own = town.app.test_client()
    assert [try_a_code(own) for _ in range(MOST + 1)] == [422] * MOST + [429]
    assert try_a_code(town.app.test_client()) == 422


def test_a_hundred_browsers_of_one_address_try_beside_each_other(town):
    assert {try_a_code(town.app.test_client()) for _ in range(100)} == {422}


def test_who_shows_no_cookie_is_counted_by_address(town):
    answers = [try_a_code(town.app.test_client(), cookie=False) for _ in range(MOST + 1)]
    assert answers == [422] * MOST + [429]


@pytest.fixture
def booked(town):
    return book(town, town.phone())


def check_in(phone, reference: str) -> int:
    return phone.go(f"/b/{reference}").press("我到了，签到", code="0000").status


def test_codes_of_the_screens_are_guessed_ten_times_a_minute_for_each_booking(town, booked):
    with town.parts.database.transaction() as session:
        starts_at = get_appointment(session, booked).starts_at
    town.at(f"{starts_at.astimezone(build.SHANGHAI):%H:%M}", TUESDAY)
    tries = [check_in(town.phone(), booked) for _ in range(MOST_ARRIVING + 1)]
    assert 429 not in tries[:MOST_ARRIVING]
    assert tries[MOST_ARRIVING] == 429
