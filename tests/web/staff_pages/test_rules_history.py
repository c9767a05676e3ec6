"""Who changed a hall's rules or the city's working days, when, what differed, and having it back."""

import re
from datetime import date

import pytest
from sqlalchemy import select

from halls.models import CalendarDay, Hall
from kernel.history import list_revisions
from people.models import Staff
from tests import build
from tests.web.staff_pages.conftest import Pages

RULES, DAYS, SCREENS = "/admin/plans/yunzhou/rules", "/admin/days", "/admin/screens/yunzhou"
OCTOBER = date(2026, 10, 8)


def form_of(page):
    """Every field of the one form with a version, as a browser would send it."""
    form = next(each for each in re.findall(r"<form.*?</form>", page, re.DOTALL) if 'name="version"' in each)
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and (" checked" in tag or 'type="checkbox"' not in tag):
            found.setdefault(name.group(1), []).append(value.group(1) if value else "")
    return {name: values for name, values in found.items() if name not in ("csrf_token", "press")}


def change(who, url, **typed):
    who.send(url, **{**form_of(who.get(url)), **typed})


def rules(faces, part="booking"):
    return faces.read(Hall, faces.hall.id).policy.get(part, {})


def day(who, working, name, **more):
    who.send(DAYS, on=OCTOBER.isoformat(), working=working, name_zh=name, **more)


def days(faces):
    with faces.parts.database.transaction() as session:
        return {row.on_date: (row.working, row.name_zh) for row in session.scalars(select(CalendarDay))}


def test_booking_rules_tell_who_changed_what_in_words_and_come_back(chief, faces):
    change(chief, RULES, lead_time_minutes="60")
    change(chief, RULES, lead_time_minutes="60", max_open_appointments="3")
    page = chief.get("/admin/history/booking_policy/yunzhou")
    assert page.index("第 3 版") < page.index("第 2 版") < page.index("第 1 版")
    assert "最少提前多久预约" in page
    assert "<del>30</del>" in page  # the usual value, though only what differs is stored
    assert "<ins>60</ins>" in page
    assert "李警官" in page
    assert "每人最多未办理的预约" in chief.get("/admin/history/booking_policy/yunzhou/2")
    chief.send("/admin/history/booking_policy/yunzhou/2")
    assert rules(faces) == {"lead_time_minutes": 60}
    chief.send("/admin/history/booking_policy/yunzhou/1")
    assert rules(faces) == {}


def test_screens_and_codes_have_their_histories_too(chief, faces):
    change(chief, SCREENS, last_chair_m="4")
    assert "最后一排座位离屏幕多少米" in chief.get("/admin/history/screen_rules/yunzhou")
    chief.send("/admin/halls/yunzhou/code-budget", per_hour="50", per_day="400")
    assert rules(faces, "phone_codes") == {"per_hour": 50, "per_day": 400}
    chief.send("/admin/history/code_budget/yunzhou/1")
    assert rules(faces, "phone_codes") == {}


@pytest.mark.parametrize("kind", ["booking_policy", "queue_policy", "code_budget", "screen_rules"])
def test_the_history_of_another_hall_is_nobodys_business(faces, kind):
    client = faces.officer(roles=("admin",))
    with faces.parts.database.transaction() as session:
        session.get(Staff, faces.officers[-1].id).hall_ids = [build.make_hall(session).id]
    for path in (f"/admin/history/{kind}/yunzhou", f"/admin/history/{kind}/yunzhou/1"):
        assert client.get(path).status_code == 403
    assert Pages(client).send(f"/admin/history/{kind}/yunzhou/1", 403)
    assert client.get(f"/admin/history/{kind}/nowhere").status_code == 404
    assert client.get("/admin/history/nothing/yunzhou").status_code == 404


def test_officers_read_no_history(faces):
    officer = faces.officer()
    for path in ("booking_policy/yunzhou", "calendar/city", "synonyms/all"):
        assert officer.get(f"/admin/history/{path}").status_code == 403, path


def test_the_calendar_tells_each_change_and_comes_back_as_it_was(chief, faces):
    day(chief, "1", "补班")
    day(chief, "0", "停电")
    page = chief.get("/admin/history/calendar/city")
    assert "<del>上班</del></td><td><ins>休息</ins>" in page
    assert "<del>补班</del></td><td><ins>停电</ins>" in page
    shown = chief.get("/admin/history/calendar/city/2")
    assert 'name="restore" value="2"' in shown
    chief.send(DAYS, restore="2")
    assert days(faces) == {OCTOBER: (True, "补班")}
    chief.send(DAYS, restore="1")
    assert days(faces) == {}
    chief.send(DAYS, 404, restore="99")


def test_a_hall_administrator_reads_the_calendars_history_but_does_not_turn_it_back(chief, hall_chief, faces):
    day(chief, "1", "补班")
    assert "补班" in hall_chief.get("/admin/history/calendar/city")
    hall_chief.send(DAYS, 403, restore="1")
    assert days(faces) == {OCTOBER: (True, "补班")}


def test_what_a_file_or_the_api_set_is_kept_as_well(chief, faces):
    with faces.parts.database.transaction() as session:
        session.merge(faces.hall).policy = {"booking": {"lead_time_minutes": 45}}
    change(chief, RULES, lead_time_minutes="90")
    with faces.parts.database.transaction() as session:
        rows = list_revisions(session, "booking_policy", "yunzhou")
    assert [(row.actor_kind, row.content) for row in rows] == [
        ("staff", {"lead_time_minutes": 90}),
        ("system", {"lead_time_minutes": 45}),
    ]
