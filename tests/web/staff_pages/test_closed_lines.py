"""A line that was closed for good is offered nowhere, and what belongs to it keeps its name."""

import re

import pytest

from halls.models import Closure, ServiceGroup
from tests import build
from tests.web.staff_pages.conftest import Pages

CLOSURES = "/admin/plans/yunzhou/closures"
NUMBERS = "/admin/plans/yunzhou/numbers"


@pytest.fixture
def without_b(chief, faces):
    """Line B was closed for good while a closure of it was planned."""
    with faces.parts.database.transaction() as session:
        session.add(
            Closure(
                hall_id=faces.hall.id,
                group_id=faces.b.id,
                starts_at=build.at("13:00"),
                ends_at=build.at("17:00"),
                reason_zh="检修",
                reason_en="works",
            )
        )
        session.get(ServiceGroup, faces.b.id).active = False
    return chief


def choices(page, name="group"):
    """What the lists of lines on a page offer."""
    lists = re.findall(rf'<select[^>]* name="{name}".*?</select>', page, re.DOTALL)
    return [set(re.findall(r'<option value="([^"]*)"', each)) for each in lists]


def test_cannot_be_chosen_on_the_page_of_closures_whose_list_still_names_it(without_b):
    page = without_b.get(CLOSURES)
    assert choices(page) == [{"", "A"}, {"", "A"}]
    assert "B 出入境" in page
    typed = {"group": "B", "reason_zh": "停电", "then": "keep"}
    without_b.send(f"{CLOSURES}/emergency", 422, **typed)


def test_is_in_no_table_and_no_choice_of_the_days_numbers(without_b):
    page = without_b.get(NUMBERS)
    assert choices(page) == [{"A"}]
    assert "出入境" not in page
    facts = {"group": "B", "on": build.TODAY.isoformat(), "change": "release", "most": "1"}
    without_b.send(NUMBERS, 422, reason="staffing", **facts)


def test_a_day_on_which_it_worked_still_tells_its_numbers(without_b, faces):
    with faces.parts.database.transaction() as session:
        slot = build.make_slot(session, session.merge(faces.b), build.at("14:00"))
        build.make_appointment(session, slot)
    assert "B 出入境" in without_b.get(NUMBERS)


def test_is_not_in_the_lists_of_halls_and_queues(without_b, faces):
    assert "出入境" not in without_b.get("/admin/halls")
    assert "出入境" not in Pages(faces.app.test_client()).client.get("/queues").text
