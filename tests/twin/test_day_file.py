import json
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.day_file import DayFileInvalid, format_day, parse_day
from twin.day_people import online_places
from twin.synthetic_day import synthetic_day

SMALL = Path("examples/days/small.jsonl")
HEADER = {
    "format": "youhao-day/1",
    "hall": {"code": "one", "name_zh": "一号厅", "name_en": "Hall one"},
    "date": "2026-03-04",
    "time_zone": "Asia/Shanghai",
    "groups": [
        {
            "code": "A",
            "letter": "A",
            "name_zh": "户政",
            "name_en": "H",
            "mean_minutes": 9.0,
            "unit_minutes": 9,
        }
    ],
    "counters": [{"number": 1, "groups": ["A"]}, {"number": 2, "groups": ["A"]}],
    "open": [{"group": "A", "starts": "09:00", "ends": "12:00", "counters": 2}],
}
PERSON = {"id": "p1", "group": "A", "track": "booked", "arrives": "09:20:30", "slot": "09:30", "minutes": 4.5}


def text(*people, **header):
    return "\n".join(json.dumps(row) for row in [{**HEADER, **header}, *people])


def problems_of(content):
    with pytest.raises(DayFileInvalid) as caught:
        parse_day(content)
    return [problem.line("en") for problem in caught.value.problems]


def test_the_small_day_is_what_its_function_makes():
    content = SMALL.read_text(encoding="utf-8")
    assert parse_day(content) == synthetic_day()
    assert format_day(parse_day(content)) == content


def test_the_small_day_has_every_kind_of_person():
    day = synthetic_day()
    assert (len(day.people), len(day.groups), len(day.counters)) == (40, 2, 3)
    assert {person.track for person in day.people} == {"booked", "walk_in", "green"}
    assert {person.track for person in day.people if person.absent} >= {"booked", "walk_in"}


@settings(max_examples=30, deadline=None)
@given(people=st.integers(0, 80), seed=st.integers(0, 10_000))
def test_every_made_day_reads_back_the_same_and_books_no_more_than_there_are_numbers(people, seed):
    day = synthetic_day(people=people, seed=seed, on_date=date(2026, 5, 6))
    assert parse_day(format_day(day)) == day
    left = online_places(day.groups, day.open)
    for person in day.people:
        if person.slot:
            left[person.group, person.slot.hour * 60 + person.slot.minute] -= 1
    assert min(left.values()) >= 0


def test_the_counters_to_staff_follow_from_the_shares():
    day = synthetic_day()
    assert day.counters_open_at(time(9, 10)) == (1, 2, 3)
    assert day.counters_open_at(time(8, 59)) == ()


def test_times_may_leave_out_the_seconds_and_blank_lines_do_no_harm():
    day = parse_day(text({**PERSON, "arrives": "09:20"}) + "\n\n")
    assert day.people[0].arrives == time(9, 20)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"slot": None}, "day: line 2.slot: booked people have one, others have none"),
        ({"track": "walk_in"}, "day: line 2.slot: booked people have one, others have none"),
        ({"track": "vip"}, "day: line 2.track: must be one of booked, walk_in, green"),
        ({"group": "Q", "track": "walk_in", "slot": None}, "day: line 2.group: no such group: Q"),
        ({"slot": "13:00"}, "day: line 2.slot: the group is not open then"),
        ({"slot": "09:40"}, "day: line 2.slot: must be on the hour or half-hour"),
        ({"arrives": "25:00"}, "day: line 2.arrives: must be a time such as 09:00, not '25:00'"),
        ({"minutes": 0}, "day: line 2.minutes: must be a number 0.1..480, not 0"),
        ({"minuts": 3}, "day: line 2.minuts: is not a known key (a typing error?)"),
    ],
)
def test_names_the_line_and_key_of_a_mistake(change, told):
    assert told in problems_of(text({**PERSON, **change}))


def test_refuses_the_same_person_twice():
    assert problems_of(text(PERSON, PERSON)) == ["day: line 3.id: is there twice: p1"]


def test_refuses_more_open_counters_than_there_are():
    open_lines = [{"group": "A", "starts": "09:00", "ends": "09:30", "counters": 3}]
    assert problems_of(text(open=open_lines)) == [
        "day: line 1.open: at 09:00 3 counters are open, more than the skills allow"
    ]


def test_refuses_what_is_not_a_day_file():
    assert problems_of("") == ["day: line 1: the file is empty"]
    assert problems_of("[1]\n")[0] == "day: line 1: must be a JSON object"
    assert problems_of("{")[0].startswith("day: line 1: not JSON")
    assert "day: line 1.format: must be youhao-day/1" in problems_of(text(format="youhao-day/9"))
    assert problems_of(text() + "\nnull")[0] == "day: line 2: must be a JSON object"
