from datetime import date, timedelta

import pytest

from booking import doctor
from booking.seen_in_person import list_seen
from halls.closures import list_closures
from halls.plan_file import parse_city
from halls.plan_rows import SESSIONS
from halls.queries import get_hall
from kernel.actor import SYSTEM
from people.citizens import identity_index
from people.licences import find_licences
from people.sample_ids import sample_resident_id
from runtime.demo_city import city_folder, with_days
from runtime.demo_people import list_people, load_licences, load_visits
from runtime.load_city import load_files, read_files

FIRST = date(2026, 3, 2)


@pytest.mark.parametrize("first_on", [FIRST + timedelta(days=day) for day in range(7)])
def test_every_kind_of_session_a_season_and_closures_lie_within_the_first_fortnight(first_on):
    halls = parse_city(with_days(read_files(city_folder()), first_on=first_on)).halls
    fortnight = {first_on + timedelta(days=day) for day in range(1, 15)}
    assert {each.session for hall in halls for each in hall.extras if each.on_date in fortnight} == set(
        SESSIONS
    )
    assert sum(each.on_date in fortnight for hall in halls for each in hall.closures) == 2
    assert sum(each.first_on in fortnight for hall in halls for each in hall.seasons) == 2


def test_weekend_sessions_fall_on_the_weekend_that_follows():
    files = with_days(read_files(city_folder()), first_on=date(2026, 3, 7))
    saturday = next(hall for hall in parse_city(files).halls if hall.code == "city-hall")
    assert date(2026, 3, 14) in {each.on_date for each in saturday.extras if each.session == "weekend"}


def test_the_demonstration_is_loaded_with_its_days(session, now):
    load_files(session, with_days(read_files(city_folder()), first_on=FIRST), actor=SYSTEM, now=now)
    closures = list_closures(session, get_hall(session, "xuecheng-station").id, now=now)
    assert [each.reason_zh for each in closures] == ["大厅线路检修"]


def test_people_to_play_hold_licences(session, now):
    load_licences(session, first_on=FIRST, now=now)
    assert len(list_people()) == 4
    held = find_licences(session, identity_index("resident_id", sample_resident_id(101)), on=FIRST)
    assert set(held) == {"id-card", "household-register", "driving-licence"}
    assert held["household-register"] is None


def test_people_to_play_were_served_before_and_so_are_told_what_they_need_not_bring(session, now):
    load_files(session, read_files(city_folder()), actor=SYSTEM, now=now)
    load_visits(session, first_on=FIRST)
    for seed, phone in ((101, "+8613800138001"), (102, "+8613800138002"), (103, "+8613800138003")):
        assert list_seen(session, phone) == [identity_index("resident_id", sample_resident_id(seed))]
    assert list_seen(session, "+8613800138004") == []
    assert doctor.check(session) == []
