"""Looks at days that are full are counted, for browsers that show themselves."""

import pytest

from booking.attempts import WHOLE_CITY, count_looks
from tests import build
from tests.web.citizen.town import LOST, TUESDAY

SERVICE = "/services/id-card-renewal"
PAGES = (f"{SERVICE}/halls?a={LOST}", f"{SERVICE}/halls/city-hall?a={LOST}", f"{SERVICE}/first?a={LOST}")


def looks(town, hall_id=None):
    with town.parts.database.transaction() as session:
        counted = count_looks(session, first_on=build.TODAY, last_on=TUESDAY, hall_id=hall_id)
    return counted.looked, counted.failed


def fill(town):
    for clock in ("09:00", "09:30", "10:00", "10:30"):
        town.take_all(clock)


def test_a_visitor_who_meets_full_days_is_one_failed_attempt(town, phone):
    fill(town)
    phone.go(SERVICE)
    for path in PAGES * 3:
        phone.go(path)
    assert looks(town) == (1, 1)
    assert looks(town, town.hall.id) == (1, 1)


def test_who_sees_a_number_has_found_one(town, phone):
    phone.go(SERVICE)
    for path in PAGES:
        phone.go(path)
    assert looks(town) == (1, 0)


def test_who_keeps_no_cookies_is_not_counted_as_a_crowd(town):
    fill(town)
    for path in PAGES:
        assert town.app.test_client().get(path).status_code == 200
    assert looks(town) == (0, 0)


def test_a_number_beyond_three_working_days_is_not_soon_enough(town, phone):
    fill(town)
    town.slot("09:00", build.TODAY.replace(day=9))
    phone.go(SERVICE)
    for path in PAGES:
        phone.go(path)
    assert looks(town) == (1, 1)


def test_programs_count_by_the_text_that_they_send(town):
    fill(town)
    client = town.app.test_client()
    path = "/api/v1/halls/city-hall/availability?service=id-card-renewal&days="
    for name, days in (("a" * 20, 7), ("a" * 20, 8), ("b" * 20, 9), ("c" * 20, 1)):
        answer = client.get(f"{path}{days}", headers={"Youhao-Device": name})
        assert answer.status_code == 200
    client.get(f"{path}10")  # shows no text: nobody
    assert looks(town) == (2, 2)


@pytest.mark.parametrize(
    "path", ["/availability?service=id-card-renewal", "/services/id-card-renewal/first-available?limit=5"]
)
def test_a_program_that_looks_at_all_halls_at_once_looks_at_the_city(town, path):
    fill(town)
    client = town.app.test_client()

    def ask(name, asked):  # what was asked a moment ago in the same words is answered from memory
        answer = client.get(f"/api/v1{path}{'&' * asked}", headers={"Youhao-Device": name * 20})
        assert answer.status_code == 200

    ask("a", 0)
    ask("a", 1)
    assert (looks(town), looks(town, WHOLE_CITY)) == ((1, 1), (1, 1))
    town.slot("09:00", build.TODAY.replace(day=9))  # too late for the promise
    ask("b", 2)
    assert looks(town) == (2, 2)
    town.slot("11:00", TUESDAY)
    ask("c", 3)
    assert looks(town) == (3, 2)
