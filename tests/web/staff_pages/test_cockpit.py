from datetime import timedelta

import pytest

from analytics.day_numbers import day_numbers
from analytics.promise import promise_rows
from analytics.today import hall_today
from queueing.forecast_models import WalkInRefusal
from tests import build

HALF_MINUTE = timedelta(seconds=30)


@pytest.fixture
def manager(faces):
    return faces.officer(roles=("manager",))


def group_a(faces, time="12:00"):
    with faces.parts.database.transaction() as session:
        return hall_today(session, faces.hall, now=build.at(time))[0]


def test_counts_released_booked_arrived_and_handled_from_rows(faces):
    kept = faces.appointment("10:00", state="fulfilled")
    partly = faces.appointment("09:30", state="fulfilled", undone_service_ids=[faces.renewal.id])
    early = faces.appointment("10:30", state="cancelled", cancelled_at=build.at("09:00"))
    late = faces.appointment(
        "11:00", state="cancelled", cancelled_at=build.at("10:30"), cancel_reason="citizen"
    )
    done = {"state": "completed", "called_at": build.at("10:00")}
    faces.waiting(1, appointment_id=kept.id, track="booked", **done)
    faces.waiting(2, **done)
    faces.waiting(3)
    faces.waiting(4, appointment_id=partly.id, track="booked", **done)
    counts = group_a(faces)
    assert counts.released == 12
    assert (counts.booked, early.id != late.id) == (3, True)
    assert (counts.arrived_booked, counts.arrived_walk_in) == (2, 2)
    assert (counts.handled_booked, counts.handled_walk_in, counts.waiting) == (1, 1, 1)
    assert counts.actual_rate == 1 / 3


def test_the_cockpit_and_the_pages_of_administration_count_the_same(faces):
    faces.appointment("10:00", state="fulfilled", undone_service_ids=[faces.renewal.id])
    faces.appointment("10:30", state="fulfilled")
    faces.appointment("11:00", state="cancelled", cancelled_at=build.at("10:30"), cancel_reason="reply")
    left = {"state": "cancelled", "cancelled_at": build.at("10:30"), "cancel_reason": "left"}
    faces.appointment("09:30", checked_in_at=build.at("10:20"), **left)
    faces.waiting(1, state="completed", called_at=build.at("10:00"))
    now = build.at("12:00")
    with faces.parts.database.transaction() as session:
        build.make_slot(session, faces.a, build.at("15:00"), released_at=build.at("12:00") + HALF_MINUTE)
        today = hall_today(session, faces.hall, now=now)
        lines = day_numbers(session, faces.hall, on_date=build.TODAY, since_on=build.TODAY, now=now)
    cockpit = [
        (g.released, g.booked, g.arrived_booked, g.handled_booked, g.handled_walk_in, g.actual_rate)
        for g in today
    ]
    assert cockpit == [
        (
            line.released,
            line.bookings.booked,
            line.bookings.arrived,
            line.bookings.handled,
            line.walk_ins,
            line.bookings.actual_rate,
        )
        for line in lines
    ]
    assert cockpit[0] == (15, 4, 3, 1, 1, 1 / 4)


def test_a_booked_visit_counts_in_the_line_it_was_booked_for_also_when_it_ends_in_another(faces):
    booked = faces.appointment("10:00", state="fulfilled")
    ended = {"state": "completed", "called_at": build.at("10:00"), "group_id": faces.b.id}
    faces.waiting(1, appointment_id=booked.id, track="booked", issued_group_id=faces.a.id, **ended)
    with faces.parts.database.transaction() as session:
        first, last = hall_today(session, faces.hall, now=build.at("12:00"))
    assert (first.booked, first.handled_booked, first.actual_rate) == (1, 1, 1.0)
    assert (last.booked, last.handled_booked, last.actual_rate) == (0, 0, None)


def test_a_number_counts_as_released_only_from_its_moment_on(faces):
    with faces.parts.database.transaction() as session:
        build.make_slot(session, faces.a, build.at("15:00"), released_at=build.at("12:30"))
    assert group_a(faces, "12:00").released == 0
    assert group_a(faces, "12:30").released == 3


def test_the_promise_holds_while_one_of_the_next_three_working_days_has_a_number(faces):
    with faces.parts.database.transaction() as session:
        thursday = build.at("10:00", build.TODAY + timedelta(days=3))
        build.make_slot(session, faces.a, thursday, released_at=build.at("08:00"), numbers=1)
        row_a, row_b = promise_rows(session, [faces.hall], now=build.at("09:00"))
    assert [cell.free for cell in row_a.cells] == [0, 0, 1]
    assert row_a.kept
    assert not row_b.kept


def test_today_alone_does_not_keep_the_promise(faces):
    with faces.parts.database.transaction() as session:
        build.make_slot(session, faces.a, build.at("15:00"))
        assert not promise_rows(session, [faces.hall], now=build.at("09:00"))[0].kept


def test_says_in_words_where_the_promise_is_broken(faces, manager):
    page = manager.get("/cockpit/").text
    assert "有 2 条队列在 3 个工作日内无号可约" in page
    assert "未做到" in page


def test_figures_that_have_not_changed_cost_no_bytes(faces, manager):
    first = manager.get("/cockpit/figures")
    again = manager.get("/cockpit/figures", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_manager_sees_own_halls_only(faces, manager):
    with faces.parts.database.transaction() as session:
        build.make_hall(session, "elsewhere", name_zh="别的大厅")
    assert "别的大厅" not in manager.get("/cockpit/").text


def test_an_officer_has_no_cockpit(faces):
    assert faces.officer().get("/cockpit/").status_code == 403


def test_the_share_served_the_same_day_is_the_headline_with_the_people_behind_it(faces, manager):
    assert "还在等 0 人" in manager.get("/cockpit/").text
    for ordinal in (1, 2, 3):
        faces.waiting(ordinal, state="completed", called_at=build.at("09:10"))
    faces.waiting(4)
    refused = {"group_id": faces.a.id, "on_date": build.TODAY, "refused_at": build.at("09:20")}
    with faces.parts.database.transaction() as session:
        session.add(WalkInRefusal(hall_id=faces.hall.id, **refused))
    page = manager.get("/cockpit/").text
    tile = page[page.index("tile--headline") :]
    tile = tile[: tile.index("</div>")]
    assert "75 %" in tile
    assert "办上 3 人，没办上 1 人，还在等 1 人" in tile
    assert "停发后没有取候补号的" in page  # what the figure counts, behind a tap
