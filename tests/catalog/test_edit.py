from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from catalog.edit import offer, save_services, set_active
from catalog.queries import (
    ServiceUnknown,
    find_guide,
    get_service,
    halls_offering,
    list_services,
    materials_of,
    minutes_in_situation,
    services_by_group,
    services_of,
)
from catalog.service_file import parse_services
from halls.plan_file import parse_city
from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from kernel.data_folder import read_folder
from tests.build import make_group, make_hall

CITY = Path(__file__).parents[2] / "examples" / "city"
FILES = read_folder(CITY)
HALLS = parse_city(FILES).groups_by_hall()


@pytest.fixture(scope="module")
def services():
    return parse_services(FILES, hall_groups=HALLS)


@pytest.fixture
def saved(session, now, services):
    return save_services(session, services, actor=SYSTEM, now=now)


def audited(session):
    return session.scalars(select(AuditEntry.action)).all()


def test_services_are_written_with_materials_and_guides(session, services, saved):
    assert [row.code for row in saved] == [each.code for each in services]
    for each in services:
        row = get_service(session, each.code)
        assert materials_of(row) == each.materials
        assert find_guide(session, row) == each.guide
    assert list_services(session) == sorted(saved, key=lambda row: (row.position, row.code))


def test_the_same_services_twice_change_nothing(session, now, services, saved):
    session.expire_all()
    before = audited(session)
    save_services(session, services, actor=SYSTEM, now=now)
    assert audited(session) == before


def test_an_edit_changes_one_service_and_can_take_its_guide_away(session, now, services, saved):
    guided = next(each for each in services if each.guide)
    before = len(audited(session))
    save_services(session, [replace(guided, minutes=99, guide=None, guide_data=None)], actor=SYSTEM, now=now)
    row = get_service(session, guided.code)
    assert (row.minutes, find_guide(session, row)) == (99, None)
    assert len(audited(session)) == before + 1


def test_a_hall_offers_services_in_its_lines(session, now, saved):
    hall = make_hall(session)
    a, z = make_group(session, hall, "A"), make_group(session, hall, "Z")
    first, second, third = saved[:3]
    offer(session, hall.id, {first.code: a.id, second.code: z.id}, actor=SYSTEM, now=now)
    assert halls_offering(session, first.id) == [(hall.id, a.id)]
    assert services_by_group(session, hall.id) == {a.id: [first], z.id: [second]}
    offer(session, hall.id, {first.code: z.id, third.code: z.id}, actor=SYSTEM, now=now)
    assert services_by_group(session, hall.id) == {z.id: [first, third]}
    assert list_services(session, hall.id) == [first, third]
    before = audited(session)
    offer(session, hall.id, {first.code: z.id, third.code: z.id}, actor=SYSTEM, now=now)
    assert audited(session) == before
    with pytest.raises(ServiceUnknown):
        offer(session, hall.id, {"no-such": a.id}, actor=SYSTEM, now=now)


def test_a_service_out_of_use_is_found_by_its_id_only(session, now, saved):
    service = saved[0]
    set_active(session, service, active=False, actor=SYSTEM, now=now)
    session.flush()
    with pytest.raises(ServiceUnknown):
        get_service(session, service.code)
    assert service not in list_services(session)
    assert services_of(session, [saved[1].id, service.id, 10**9]) == [saved[1], service]


def test_answers_can_lead_to_a_length_of_their_own(session, now, services, saved):
    guided = next(each for each in services if each.guide)
    situation = guided.guide.situations[0]
    assert situation.when
    answers = ways_to(guided.guide, situation)
    tree = {
        **guided.guide_data,
        "situations": [
            {**row, "minutes": 77} if row["code"] == situation.code else row
            for row in guided.guide_data["situations"]
        ],
    }
    [row] = save_services(session, [replace(guided, guide_data=tree)], actor=SYSTEM, now=now)
    assert minutes_in_situation(session, [row.id], answers) == {row.id: 77}
    assert minutes_in_situation(session, [row.id], {}) == {}
    assert minutes_in_situation(session, [row.id], dict.fromkeys(answers, "nonsense")) == {}


def ways_to(guide, situation):
    """Answers that lead to this situation."""
    open_ways = [(guide.start, {})]
    while open_ways:
        code, answers = open_ways.pop()
        for option in guide.question(code).options:
            longer = {**answers, code: option.code}
            if option.next:
                open_ways.append((option.next, longer))
            elif situation.holds_for(longer):
                return longer
    raise AssertionError("no way")
