from datetime import timedelta

import pytest

from halls.closures import add_closure, lift_closure
from halls.models import Closure
from kernel.actor import SYSTEM
from tests.build import TODAY, at

TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def closure(faces):
    with faces.parts.database.transaction() as session:
        when = {"starts_at": at("13:00", TOMORROW), "ends_at": at("17:00", TOMORROW)}
        hall = session.merge(faces.hall)
        made = add_closure(
            session, hall, group_id=None, reason_zh="停店", **when, actor=SYSTEM, now=at("09:00")
        )
        return made.id


def reasons(faces, closure):
    with faces.parts.database.transaction() as session:
        row = session.get(Closure, closure)
        return row.reason_zh, row.reason_en


def test_why_a_closure_holds_is_put_right_where_it_stands(chief, faces, closure):
    base = f"/admin/plans/{faces.hall.code}/closures"
    assert f'action="{base}/{closure}/reason"' in chief.get(base)
    chief.send(f"{base}/{closure}/reason", new_reason_zh="停电", new_reason_en="No power")
    assert reasons(faces, closure) == ("停电", "No power")
    assert "停店 → 停电" in chief.get("/admin/audit")


@pytest.mark.parametrize("words", ["", "很" * 21])
def test_a_reason_that_says_nothing_or_too_much_for_a_message_is_refused(chief, faces, closure, words):
    base = f"/admin/plans/{faces.hall.code}/closures"
    page = chief.send(f"{base}/{closure}/reason", 422, new_reason_zh=words).text
    assert "最多 20 个字" in page
    assert reasons(faces, closure) == ("停店", "")


def test_a_closure_of_another_hall_or_one_that_was_lifted_is_not_there(chief, faces, closure):
    base = f"/admin/plans/{faces.hall.code}/closures"
    chief.send(f"{base}/{closure + 999}/reason", 404, new_reason_zh="停电")
    with faces.parts.database.transaction() as session:
        lift_closure(session, session.merge(faces.hall), closure, actor=SYSTEM, now=at("09:00"))
    chief.send(f"{base}/{closure}/reason", 404, new_reason_zh="停电")
