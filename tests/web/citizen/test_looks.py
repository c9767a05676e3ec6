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


@pytest.mark.parametrize("path", PAGES)
def test_the_first_look_by_a_link_counts_once_the_browser_shows_itself(town, phone, path):
    fill(town)
    phone.go(path)
    assert looks(town) == (0, 0)
    phone.go("/queues")
    assert looks(town) == (1, 1)
    phone.go(path)
    assert looks(town) == (1, 1)
    phone.go("/queues")
    assert looks(town) == (1, 1)


def test_a_page_that_stays_open_counts_by_the_piece_it_asks_for(town, phone):
    fill(town)
    phone.go(PAGES[1])
    phone.client.get(PAGES[1].replace("?", "/live?"))
    assert looks(town) == (1, 1)


def test_nobody_brings_a_look_of_their_own_making_or_of_another_browser(town, phone):
    fill(town)
    phone.go(PAGES[1])
    stolen = phone.client.get_cookie("yl").value
    other = town.phone()
    other.go("/services/passport")
    for text in (stolen, "W1sxXSwxLCIyMDI2LTAzLTAyIixmYWxzZV0=.0000000000000000", "x", ".", ""):
        other.client.set_cookie("yl", text)
        assert other.go("/queues").status == 200
    assert looks(town) == (0, 0)
    town.at("09:00", build.TODAY.replace(day=9))
    phone.go("/queues")
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


TOGETHER = "/visit/halls?s=id-card-renewal,passport"


@pytest.mark.parametrize("path", [*PAGES, TOGETHER, "/visit/halls/city-hall?s=id-card-renewal,passport"])
def test_a_number_of_today_is_shown_but_does_not_keep_the_promise(town, phone, path):
    fill(town)
    town.slot("15:00", build.TODAY)
    phone.go(SERVICE)
    assert "今天" in phone.go(path).words
    each = 2 if "passport" in path else 1
    assert looks(town) == (each, each)
    town.slot("11:00", TUESDAY)
    phone.go(path)
    assert looks(town) == (each, 0)


def test_todays_numbers_do_not_hide_those_of_the_next_days(town, phone):
    """The list of first times ends before it reaches tomorrow."""
    for minute in range(30):
        town.slot(f"15:{minute:02}", build.TODAY)
    phone.go(SERVICE)
    phone.go(PAGES[2])
    assert looks(town) == (1, 0)


def test_a_program_that_saw_only_numbers_of_today_found_none_soon(town):
    fill(town)
    town.slot("15:00", build.TODAY)
    client = town.app.test_client()
    paths = (
        "/halls/city-hall/availability?service=id-card-renewal&days=7",
        "/availability?service=id-card-renewal",
        "/services/id-card-renewal/first-available?limit=5",
    )
    for name, path in zip("abc", paths, strict=True):
        assert client.get(f"/api/v1{path}", headers={"Youhao-Device": name * 20}).status_code == 200
    assert looks(town) == (3, 3)


def test_a_program_is_not_misled_by_a_hall_that_is_free_today_and_tomorrow(town):
    town.slot("15:00", build.TODAY)
    client = town.app.test_client()
    for name, path in zip("ab", ("availability?service=", "services/"), strict=True):
        asked = f"/api/v1/{path}id-card-renewal{'' if path.endswith('=') else '/first-available?limit=1'}"
        assert client.get(asked, headers={"Youhao-Device": name * 20}).status_code == 200
    assert looks(town) == (2, 0)


def test_who_looks_for_several_services_and_finds_all_halls_full_is_counted_for_each(town, phone):
    fill(town)
    phone.go(SERVICE)
    phone.go(TOGETHER)
    phone.go(TOGETHER)
    assert looks(town, WHOLE_CITY) == (2, 2)


def test_services_that_no_hall_handles_together_are_no_lack_of_numbers(town, phone):
    phone.go(SERVICE)
    phone.go("/visit/halls?s=id-card-renewal,passport,dog-registration")
    assert looks(town) == (0, 0)
