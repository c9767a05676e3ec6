import math
from pathlib import Path

import pytest

from halls.conflicts import needs_at
from halls.plan_file import CityFileInvalid, parse_city
from kernel.data_folder import read_folder

CITY = 'format = "youhao-city/1"\nname_zh = "云州"\nname_en = "Yunzhou"\ntime_zone = "Asia/Shanghai"\n'
HALL = """
code = "one"
name_zh = "一号厅"
name_en = "Hall one"
[[groups]]
code = "A"
name_zh = "户政"
name_en = "Households"
unit_minutes = 10
[[counters]]
number = 1
groups = ["A"]
[[counters]]
number = 2
groups = ["A"]
[[plan]]
group = "A"
weekdays = [1, 2]
starts = "09:00"
ends = "12:00"
counters = 2.0
"""


def problems_of(hall=HALL, city=CITY):
    with pytest.raises(CityFileInvalid) as caught:
        parse_city({"city.toml": city, "halls/one.toml": hall})
    return [problem.line("en") for problem in caught.value.problems]


@pytest.fixture(scope="module")
def demonstration():
    return parse_city(read_folder(Path("examples/city")))


def test_demonstration_has_a_city_hall_and_fifteen_places_more(demonstration):
    counters = {hall.code: len(hall.counters) for hall in demonstration.halls}
    assert (len(counters), sum(counters.values())) == (16, 56)
    assert counters["city-hall"] == 12
    assert demonstration.groups_by_hall()["city-hall"] == ("A", "B", "C", "D", "Z")
    city_hall = next(hall for hall in demonstration.halls if hall.code == "city-hall")
    takes_everything = [c.number for c in city_hall.counters if set(c.groups) == set("ABCDZ")]
    assert takes_everything == [11, 12]


@pytest.mark.parametrize("minute", [9 * 60, 12 * 60, 16 * 60 + 30])
def test_demonstration_plans_every_counter_and_half_of_them_at_lunch(demonstration, minute):
    for hall in demonstration.halls:
        if hall.code not in ("city-hall", "xihu-station"):
            continue  # stations close at noon
        open_share = 0.5 if minute == 12 * 60 else 1.0
        planned = math.fsum(needs_at(hall.plan, weekday=3, minute=minute).values())
        assert math.isclose(planned, open_share * len(hall.counters))


def test_letter_name_and_mean_have_defaults():
    hall = parse_city({"city.toml": CITY, "halls/one.toml": HALL}).halls[0]
    assert (hall.groups[0].letter, hall.groups[0].mean_minutes) == ("A", 10.0)
    assert hall.counters[1].name_en == "Counter 2"


def test_refuses_more_shares_than_counters():
    assert problems_of(HALL.replace("counters = 2.0", "counters = 2.5")) == [
        "halls/one.toml: plan: weekday 1 at 09:00 needs 2.5 counters, more than the skills allow"
    ]


def test_names_the_row_of_an_unknown_group():
    found = problems_of(HALL.replace('groups = ["A"]', 'groups = ["Q"]', 1))
    assert found[0] == "halls/one.toml: counters[1].groups: this hall has no group Q"


def test_handles_only_lines_of_its_own():
    found = problems_of(HALL.replace('name_en = "Hall one"', 'name_en = "Hall one"\nhandles = ["A", "Q"]', 1))
    assert found == ["halls/one.toml: handles: this hall has no group Q"]


def test_refuses_doubles_and_groups_without_a_counter():
    found = problems_of(HALL.replace("number = 2", "number = 1"))
    assert found == ["halls/one.toml: counters[2].number: is there twice: 1"]
    lonely = HALL.replace(
        "[[counters]]",
        '[[groups]]\ncode = "B"\nname_zh = "出入境"\nname_en = "Exit"\nunit_minutes = 5\n[[counters]]',
        1,
    )
    assert problems_of(lonely) == ["halls/one.toml: groups[2]: no counter serves B"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (('starts = "09:00"', 'starts = "09:10"'), "plan[1].starts: must be on the hour or half-hour"),
        (('ends = "12:00"', 'ends = "08:00"'), "plan[1].ends: must be later than the start"),
        (("weekdays = [1, 2]", "weekdays = [0]"), "plan[1].weekdays: must be a list of whole numbers 1..7"),
        (('code = "one"', 'code = "two"'), "code: must equal the file's name"),
        (("unit_minutes = 10", "unit_minutes = 0"), "groups[1].unit_minutes: must be a whole number 1..240"),
    ],
)
def test_says_what_is_wrong_and_where(wrong, told):
    assert any(told in line for line in problems_of(HALL.replace(*wrong)))


def test_refuses_an_unknown_time_zone_and_a_missing_city_file():
    assert any("time_zone" in line for line in problems_of(city=CITY.replace("Shanghai", "Nowhere")))
    with pytest.raises(CityFileInvalid) as caught:
        parse_city({"halls/one.toml": HALL})
    assert [problem.file for problem in caught.value.problems] == ["city.toml"]


def test_reads_extras_and_closures():
    more = """
[[extras]]
group = "A"
on = 2027-01-09
starts = "09:00"
ends = "12:00"
counters = 1
[[closures]]
on = 2027-02-05
starts = "15:30"
ends = "17:00"
reason_zh = "检修"
reason_en = "Maintenance"
"""
    hall = parse_city({"city.toml": CITY, "halls/one.toml": HALL + more}).halls[0]
    assert (hall.extras[0].kind, hall.extras[0].counters) == ("extra", 1.0)
    assert hall.closures[0].group is None
