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
WHOLE_CITY = CITY.parent / "city-full"


@pytest.fixture
def city(session, now):
    return load_city(session, CITY, actor=SYSTEM, now=now)


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def test_the_demonstration_city_is_loaded_whole(session, city):
    assert city.halls == ("city-hall", "xihu-station")
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


def test_a_city_may_build_upon_another(session, now):
    loaded = load_city(session, WHOLE_CITY, actor=SYSTEM, now=now)
    assert len(loaded.halls) == 16
    assert {"city-hall", "east-hall", "photo-mall"} <= set(loaded.halls)
    assert count(session, SearchSynonym) >= 30
    hall = get_hall(session, "donghe-station")
    handled = {service.code for service in list_services(session, hall.id)}
    assert handled == {service.code for service in list_services(session) if service.group_code in ("A", "Z")}
    photo = get_service(session, "id-photo")
    assert len(halls_offering(session, photo.id)) == 16
    first_on = date(2026, 3, 2)
    for code in ("taoyuan-station", "photo-mall"):
        hall_id = get_hall(session, code).id
        assert publish(session, hall_id, first_on=first_on, last_on=first_on, actor=SYSTEM, now=now) > 0
