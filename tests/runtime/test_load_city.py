import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from booking.availability import day_counts
from booking.models import Number, Slot
from booking.publish import publish
from catalog.models import Guide, HallService, Package, SearchSynonym, Service
from catalog.queries import find_guide, get_service, halls_offering, list_services
from halls.models import Counter, Hall, PlanLine
from halls.queries import get_hall, list_counters, list_groups
from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from people.models import Staff
from runtime.load_city import load_city, read_staff

CITY = Path(__file__).parents[2] / "examples" / "city"
BRANCH = """
format = "youhao-city/1"
extends = "{base}"
name_zh = "云州市"
name_en = "Yunzhou"
time_zone = "Asia/Shanghai"
"""


@pytest.fixture
def city(session, now):
    return load_city(session, CITY, actor=SYSTEM, now=now)


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def test_the_demonstration_city_is_loaded_whole(session, city):
    assert len(city.halls) == 16
    kinds = [sum(f"-{kind}" in f"-{code}" for code in city.halls) for kind in ("hall", "station", "photo")]
    assert kinds == [4, 8, 4]
    assert len(city.services) >= 60
    assert count(session, SearchSynonym) >= 30
    assert count(session, Package) == 6
    hall = get_hall(session, "city-hall")
    assert len(list_counters(session, hall.id)) == 12
    assert [group.code for group in list_groups(session, hall.id)] == ["A", "B", "C", "D", "Z"]
    assert len(list_services(session)) == len(city.services)
    with_guides = [service for service in list_services(session) if find_guide(session, service)]
    assert len(with_guides) >= 8
    assert get_service(session, "id-card-renewal").minutes > 0


def test_loading_twice_changes_nothing(session, city, now):
    models = (Hall, Counter, PlanLine, Service, HallService, Guide, Package, SearchSynonym, AuditEntry)
    before = {model: count(session, model) for model in models}
    load_city(session, CITY, actor=SYSTEM, now=now)
    assert {model: count(session, model) for model in models} == before


def test_accounts_are_made_for_those_with_a_password_only_once(session, now):
    names = {person.username for person in read_staff(CITY)}
    assert {"admin", "window01"} <= names
    first = load_city(session, CITY, actor=SYSTEM, now=now, passwords={"admin": "a long password"})
    assert first.staff == ("admin",)
    again = load_city(session, CITY, actor=SYSTEM, now=now, passwords={"admin": "another password"})
    assert again.staff == ()
    assert session.scalars(select(Staff.username)).all() == ["admin"]


def test_sixty_days_are_published_by_as_many_statements_as_a_week(session, city, now):
    hall = get_hall(session, "city-hall")
    first_on = date(2026, 3, 2)
    said = []
    event.listen(session.connection(), "before_cursor_execute", lambda *args: said.append(args[2]))

    def publish_days(first, days):
        said.clear()
        last_on = first + timedelta(days=days - 1)
        added = publish(session, hall.id, first_on=first, last_on=last_on, actor=SYSTEM, now=now)
        return added, len(said)

    week, statements_of_week = publish_days(first_on, 7)
    rest, statements = publish_days(first_on + timedelta(days=7), 53)
    assert week + rest == count(session, Number)
    assert count(session, Slot) > 40 * 4 * 10
    assert statements == statements_of_week <= 20
    groups = [group.id for group in list_groups(session, hall.id)]
    free = day_counts(session, groups, first_on=first_on, last_on=first_on + timedelta(days=5), now=now)
    assert {each.group_id for each in free} == set(groups)
    assert all(each.free > 0 for each in free)


def test_a_station_handles_whole_lines_and_a_photo_point_only_photos(session, city, now):
    hall = get_hall(session, "donghe-station")
    handled = {service.code for service in list_services(session, hall.id)}
    assert handled == {service.code for service in list_services(session) if service.group_code in ("A", "Z")}
    assert [service.code for service in list_services(session, get_hall(session, "photo-mall").id)] == [
        "id-photo"
    ]
    photo = get_service(session, "id-photo")
    assert len(halls_offering(session, photo.id)) == 16
    first_on = date(2026, 3, 2)
    for code in ("taoyuan-station", "photo-mall"):
        hall_id = get_hall(session, code).id
        assert publish(session, hall_id, first_on=first_on, last_on=first_on, actor=SYSTEM, now=now) > 0


def test_a_city_may_build_upon_another(session, now, tmp_path):
    (tmp_path / "city.toml").write_text(BRANCH.format(base=os.path.relpath(CITY, tmp_path)), "utf-8")
    (tmp_path / "halls").mkdir()
    own = (CITY / "halls" / "photo-mall.toml").read_text("utf-8")
    (tmp_path / "halls" / "photo-mall.toml").write_text(own.replace("三楼", "五楼"), "utf-8")
    (tmp_path / "halls" / "photo-quay.toml").write_text(own.replace("photo-mall", "photo-quay"), "utf-8")
    loaded = load_city(session, tmp_path, actor=SYSTEM, now=now)
    assert len(loaded.halls) == 17
    assert "五楼" in get_hall(session, "photo-mall").address_zh
    assert count(session, SearchSynonym) >= 30
