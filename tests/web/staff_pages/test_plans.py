import html
import json
import re
from dataclasses import fields
from datetime import date, time

import pytest
from sqlalchemy import delete, func, select, update

from booking.models import Appointment, Number
from booking.policy import BookingPolicy
from booking.publish import publish
from booking.rule_words import NAMES
from halls.models import CalendarDay, Closure, Counter, Hall, PlanLine
from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from kernel.outbox import OutboxEvent
from tests.booking.crowded import book_all
from tests.build import TODAY, at
from tests.web.hall_faces import set_clock, token

TOMORROW = date(2026, 3, 3)
BASE = "/admin/plans/yunzhou"
TOLD = ("AppointmentCancelled", "AppointmentRescheduled")


@pytest.fixture
def manager(faces):
    with faces.parts.database.transaction() as session:
        session.execute(update(PlanLine).values(counters=1))  # two counters, two lines
        publish(
            session, faces.hall.id, first_on=TODAY, last_on=date(2026, 3, 11), actor=SYSTEM, now=at("08:00")
        )
    return faces.officer(roles=("manager", "admin"))


def fields_of(page, action):
    """The values of a form as the browser would send them."""
    form = next(
        each for each in re.findall(r"<form.*?</form>", page, re.DOTALL) if f'action="{action}"' in each
    )
    found = []
    for tag in re.findall(r"<input[^>]*>|<select.*?</select>", form, re.DOTALL):
        name = re.search(r'name="([^"]*)"', tag)
        if name is None:
            continue
        if tag.startswith("<select"):
            chosen = re.search(r"<option(?: value=\"([^\"]*)\")? selected>([^<]*)", tag)
            first = re.search(r'<option(?: value="([^"]*)")?>([^<]*)', tag)
            pick = chosen or first
            value = pick.group(1) if pick.group(1) is not None else pick.group(2)
        else:
            if re.search(r'type="(checkbox|radio)"', tag) and " checked" not in tag:
                continue
            value = (re.search(r'value="([^"]*)"', tag) or [None, ""])[1]
        found.append((name.group(1), html.unescape(value)))
    return found


def send(client, url, fields, changes=None):
    data = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    data.update(changes or {})
    return client.post(url, data=data)


def post(client, url, page, **values):
    return client.post(url, data={"csrf_token": token(client.get(page).text), **values})


def counted(faces, query):
    with faces.parts.database.transaction() as session:
        return session.scalar(query)


def test_each_page_opens_for_who_plans_and_for_nobody_else(faces, manager):
    stranger = faces.officer()
    for path in ("", "/sessions", "/closures", "/numbers", "/history", "/rules"):
        assert manager.get(BASE + path).status_code == 200, path
        assert stranger.get(BASE + path).status_code == 403, path
    assert manager.get("/admin/plans").location == BASE
    planner = faces.officer(roles=("duty_officer",))
    assert planner.get(BASE).status_code == 200
    assert planner.get(BASE + "/rules").status_code == 403


def test_a_change_that_strands_nobody_is_saved_at_once(faces, manager):
    page = manager.get(BASE).text
    fields = fields_of(page, BASE)
    answer = send(manager, BASE, fields, {"counters": ["0.5", "", "", "1", "", ""], "note": "少一个窗口"})
    assert answer.status_code == 303
    with faces.parts.database.transaction() as session:
        lines = session.execute(
            select(PlanLine.counters, func.count()).group_by(PlanLine.counters).order_by(PlanLine.counters)
        ).all()
    assert [(float(counters), count) for counters, count in lines] == [(0.5, 5), (1.0, 5)]
    assert "少一个窗口" in manager.get(BASE + "/history").text


def test_too_many_counters_are_refused_with_what_was_typed_kept(faces, manager):
    fields = fields_of(manager.get(BASE).text, BASE)
    answer = send(manager, BASE, fields, {"counters": ["1.25", "", "", "1", "", ""]})
    assert answer.status_code == 422
    assert "现有窗口的技能不够分配" in answer.text
    assert 'value="1.25"' in answer.text
    assert counted(faces, select(func.count(PlanLine.id)).where(PlanLine.counters != 1)) == 0


def stranding(faces, manager):
    with faces.parts.database.transaction() as session:
        booked = book_all(session, session.merge(faces.hall), TOMORROW, now=at("08:00"), group=faces.a)
        codes = [each.code for each in booked if each.starts_at >= at("12:00", TOMORROW)]
    fields = fields_of(manager.get(BASE).text, BASE)
    ends = ["12:00", "17:00", "17:00"] * 2
    return codes, send(manager, BASE, fields, {"ends": ends})


def test_who_would_be_stranded_is_shown_before_anything_is_saved(faces, manager):
    codes, answer = stranding(faces, manager)
    assert answer.status_code == 200
    assert "这些预约会受影响" in answer.text
    assert codes
    assert all(code in answer.text for code in codes)
    assert counted(faces, select(func.count(PlanLine.id)).where(PlanLine.ends == time(12))) == 0


@pytest.mark.parametrize(("then", "state"), [("move", "booked"), ("cancel", "cancelled"), ("keep", "booked")])
def test_what_was_decided_about_them_is_done(faces, manager, then, state):
    codes, answer = stranding(faces, manager)
    action = BASE + "/decide"
    done = send(manager, action, fields_of(answer.text, action), {"then": then, "why": "staffing"})
    assert done.status_code == 303
    with faces.parts.database.transaction() as session:
        told = session.scalars(select(OutboxEvent.payload).where(OutboxEvent.name.in_(TOLD))).all()
        assert {each["reason_zh"] for each in told} == (set() if then == "keep" else {"人手调整"})
    with faces.parts.database.transaction() as session:
        rows = session.scalars(select(Appointment).where(Appointment.code.in_(codes))).all()
        moved = session.scalars(select(AuditEntry.id).where(AuditEntry.action == "appointment.move")).all()
    assert {row.state for row in rows} == {state}
    assert (len(moved) > 0) is (then == "move")


def test_a_reason_that_no_message_can_hold_is_refused(faces, manager):
    _codes, answer = stranding(faces, manager)
    action = BASE + "/decide"
    for wrong in ({"why": "nobody knows"}, {"why_zh": "长" * 21}):
        refused = send(manager, action, fields_of(answer.text, action), {"then": "cancel", **wrong})
        assert refused.status_code == 422
    assert counted(faces, select(func.count(AuditEntry.id)).where(AuditEntry.action == "hall.save")) == 0


def test_weekly_lines_stand_in_the_order_of_the_week_however_they_were_typed(faces, manager):
    with faces.parts.database.transaction() as session:
        session.execute(delete(PlanLine).where(PlanLine.group_id == faces.a.id))
        for starts, ends, weekday in ((13, 17, 1), (9, 11, 6), (9, 12, 1)):
            hours = {"starts": time(starts), "ends": time(ends)}
            session.add(PlanLine(group_id=faces.a.id, weekday=weekday, counters=1, **hours))
            session.flush()
    shown = [value for name, value in fields_of(manager.get(BASE).text, BASE) if name == "starts"]
    assert shown[:3] == ["09:00", "13:00", "09:00"]


def test_two_editors_do_not_overwrite_each_other(faces, manager):
    fields = fields_of(manager.get(BASE).text, BASE)
    assert send(manager, BASE, fields, {"counters": ["0.5", "", "", "1", "", ""]}).status_code == 303
    answer = send(manager, BASE, fields, {"counters": ["1", "", "", "0.5", "", ""]})
    assert answer.status_code == 409
    assert "已被他人保存过" in answer.text


def test_a_season_is_added_shown_and_removed(faces, manager):
    url = BASE + "?season=new"
    fields = fields_of(manager.get(url).text, url)
    summer = {"name_zh": "暑期", "first_on": "2026-07-01", "last_on": "2026-08-31"}
    assert send(manager, url, fields, summer).status_code == 303
    url = BASE + "?season=1"
    page = manager.get(url).text
    assert "暑期 2026-07-01–2026-08-31" in page
    overlapping = fields_of(manager.get(BASE + "?season=new").text, BASE + "?season=new")
    refused = send(manager, BASE + "?season=new", overlapping, {**summer, "name_zh": "又一个"})
    assert refused.status_code == 422
    assert "一天只能按一个季节计划" in refused.text
    assert 'value="remove" data-confirm="删除“暑期”？"' in page
    assert send(manager, url, fields_of(page, url), {"do": "remove"}).status_code == 303
    assert "暑期" not in manager.get(BASE).text


def test_a_plan_is_undone(faces, manager):
    for counters in ("0.5", "1"):
        fields = fields_of(manager.get(BASE).text, BASE)
        send(manager, BASE, fields, {"counters": [counters, "", "", "1", "", ""]})
    url = BASE + "/history/1"
    page = manager.get(url).text
    assert "恢复这一版" in page
    assert send(manager, url, fields_of(page, url)).status_code == 303
    assert counted(faces, select(func.count(PlanLine.id)).where(PlanLine.counters == 0.5)) == 5
    assert "恢复第 1 版" in manager.get(BASE + "/history").text


def test_an_extra_session_is_added_and_removed(faces, manager):
    url = BASE + "/sessions"
    fields = fields_of(manager.get(url).text, url)
    facts = {"group": "A", "on": "2026-03-07", "starts": "09:00", "ends": "12:00", "session": "weekend"}
    assert send(manager, url, fields, facts).status_code == 303
    page = manager.get(url).text
    assert "周末加考" in page
    assert counted(faces, select(func.count(Number.id)).where(Number.on_date == date(2026, 3, 7))) > 0
    assert send(manager, url, fields_of(page, url)).status_code == 303
    assert counted(faces, select(func.count(Number.id)).where(Number.on_date == date(2026, 3, 7))) == 0
    wrong = send(manager, url, fields_of(manager.get(url).text, url), {**facts, "session": "mobile"})
    assert (wrong.status_code, "流动下乡要写明地点" in wrong.text) == (422, True)
    assert send(manager, url, fields, {**facts, "counters": "x"}).status_code == 422


def test_one_button_closes_the_hall_and_its_bookings_are_told(faces, manager):
    with faces.parts.database.transaction() as session:
        booked = book_all(session, session.merge(faces.hall), TODAY, now=at("08:00"))
    url = BASE + "/closures/emergency"
    answer = post(manager, url, BASE + "/closures", reason_zh="停电", then="cancel", group="", until="")
    assert answer.status_code == 303
    with faces.parts.database.transaction() as session:
        closure = session.scalars(select(Closure)).one()
        states = session.scalars(select(Appointment.state)).all()
        free = session.scalar(
            select(func.count(Number.id)).where(Number.on_date == TODAY, Number.starts_at > at("09:00"))
        )
    assert (closure.emergency, closure.starts_at, closure.ends_at) == (
        True,
        at("09:00"),
        at("00:00", TOMORROW),
    )
    assert (set(states), len(states), free) == ({"cancelled"}, len(booked), 0)
    page = manager.get(BASE + "/closures").text
    assert "紧急" in page
    assert "停电" in page
    assert post(manager, f"{BASE}/closures/{closure.id}/lift", BASE + "/closures").status_code == 303
    assert counted(faces, select(func.count(Number.id)).where(Number.starts_at > at("09:00"))) > 0


def test_a_planned_closure_asks_first_and_then_does_as_told(faces, manager):
    with faces.parts.database.transaction() as session:
        booked = book_all(session, session.merge(faces.hall), TOMORROW, now=at("08:00"), group=faces.a)
    url = BASE + "/closures"
    facts = {
        "group": "A", "first_on": "2026-03-03", "from": "13:00", "last_on": "2026-03-03", "until": "17:00",
        "reason_zh": "培训",
    }  # fmt: skip
    asked = post(manager, url, url, **facts)
    assert "这些预约会受影响" in asked.text
    assert counted(faces, select(func.count(Closure.id))) == 0
    assert send(manager, url, fields_of(asked.text, url), {"then": "move"}).status_code == 303
    late = [each.id for each in booked if each.starts_at >= at("13:00", TOMORROW)]
    with faces.parts.database.transaction() as session:
        rows = session.scalars(select(Appointment).where(Appointment.id.in_(late))).all()
    assert rows
    assert not [r for r in rows if at("13:00", TOMORROW) <= r.starts_at < at("17:00", TOMORROW)]


@pytest.mark.parametrize("wrong", [{"from": "x"}, {"last_on": "2026-03-02"}, {"group": "Q"}, {"then": "x"}])
def test_a_closure_that_makes_no_sense_is_refused(faces, manager, wrong):
    url = BASE + "/closures"
    facts = {
        "group": "",
        "first_on": "2026-03-03",
        "from": "13:00",
        "last_on": "2026-03-03",
        "until": "17:00",
    }
    assert post(manager, url, url, **facts | wrong).status_code == 422
    assert counted(faces, select(func.count(Closure.id))) == 0


def test_numbers_are_shown_and_changed_with_a_reason(faces, manager):
    url = BASE + "/numbers"
    assert "放号阶梯" in manager.get(url + "?on=2026-03-11").text
    facts = {"group": "A", "on": "2026-03-03", "change": "duty_to_online", "most": "1"}
    assert post(manager, url, url, **facts, reason="").status_code == 422
    assert post(manager, url, url, **facts, reason="给张三留的").status_code == 422
    assert post(manager, url, url, **facts, reason="more_staff").status_code == 303
    assert "调整号源：窗口或人手增加" in manager.get("/admin/audit").text
    assert (
        counted(
            faces,
            select(func.count(Number.id)).where(
                Number.channel == "duty", Number.group_id == faces.a.id, Number.on_date == TOMORROW
            ),
        )
        == 0
    )
    assert post(manager, url, url, **facts | {"change": "x"}, reason="r").status_code == 422
    assert manager.get(url + "?on=x").status_code == 422


def test_numbers_of_other_days_are_published_by_hand(faces, manager):
    assert post(manager, BASE + "/publish", BASE, days="60").status_code == 303
    assert counted(faces, select(func.max(Number.on_date))) > date(2026, 4, 25)
    assert post(manager, BASE + "/publish", BASE, days="9999").status_code == 422


def test_rules_are_checked_versioned_and_kept(faces, manager):
    url = BASE + "/rules"
    fields = fields_of(manager.get(url).text, url)
    assert send(manager, url, fields).status_code == 303
    assert counted(faces, select(Hall.policy_version)) == 1
    assert send(manager, url, fields, {"lead_time_minutes": "45", "beta": "0.5"}).status_code == 303
    with faces.parts.database.transaction() as session:
        hall = session.get(Hall, faces.hall.id)
        assert (hall.policy, hall.policy_version) == ({"booking": {"lead_time_minutes": 45, "beta": 0.5}}, 2)
    assert send(manager, url, fields, {"hold_minutes": "5"}).status_code == 409
    fields = fields_of(manager.get(url).text, url)
    for wrong in ({"hold_minutes": "0"}, {"hold_minutes": "x"}, {"duty_share": "50"}, {"booking_opens": "8"}):
        answer = send(manager, url, fields, wrong)
        assert answer.status_code == 422, wrong
        assert next(iter(wrong.values())) in answer.text
    assert counted(faces, select(Hall.policy_version)) == 2


def test_the_ladder_is_edited(faces, manager):
    url = BASE + "/rules"
    fields = fields_of(manager.get(url).text, url)
    changes = {"rung_share": ["60", "40", "", "", ""], "duty_share": "0"}
    assert send(manager, url, fields, changes).status_code == 303
    with faces.parts.database.transaction() as session:
        ladder = session.get(Hall, faces.hall.id).policy["booking"]["ladder"]
    assert [(rung["share"], rung["working_days_before"]) for rung in ladder["rungs"]] == [(0.6, 7), (0.4, 3)]


def test_working_days_are_kept_by_whom_no_hall_limits(faces, manager):
    url = "/admin/days"
    facts = {"on": "2026-03-04", "working": "0", "name_zh": "校庆"}
    assert post(manager, url, url, **facts).status_code == 403
    with faces.parts.database.transaction() as session:
        session.get(type(faces.officers[-1]), faces.officers[-1].id).hall_ids = None
    assert post(manager, url, url, **facts).status_code == 303
    assert "校庆" in manager.get(url).text
    assert post(manager, url, url, remove="2026-03-04").status_code == 303
    assert counted(faces, select(func.count()).select_from(CalendarDay)) == 0


def test_a_year_without_the_notice_is_pointed_out_where_days_are_kept(faces):
    said = "2040 年的日子，但程序还没有国务院这一年的放假调休安排"
    assert said not in faces.officer(roles=("manager", "admin")).get("/admin/days").text
    set_clock(faces.parts, at("10:00", date(2040, 1, 10)))
    assert said in faces.officer(roles=("manager", "admin")).get("/admin/days").text


@pytest.mark.parametrize("then", ["keep", "move", "cancel"])
def test_a_day_off_with_bookings_asks_first_and_holds_at_once(faces, manager, then):
    with faces.parts.database.transaction() as session:
        session.get(type(faces.officers[-1]), faces.officers[-1].id).hall_ids = None
        booked = book_all(session, session.merge(faces.hall), TOMORROW, most=2, now=at("08:00"))
        codes, ids = [each.code for each in booked], [each.id for each in booked]
    url, facts = "/admin/days", {"on": TOMORROW.isoformat(), "working": "0", "name_zh": "校庆"}
    page = post(manager, url, url, **facts)
    assert page.status_code == 200
    assert all(code in page.text for code in codes)
    assert counted(faces, select(func.count()).select_from(CalendarDay)) == 0
    assert send(manager, url, fields_of(page.text, url), {"then": then}).status_code == 303
    with faces.parts.database.transaction() as session:
        found = session.execute(select(Appointment.state, Appointment.on_date).where(Appointment.id.in_(ids)))
        rows = {tuple(row) for row in found}
    assert {state for state, _on in rows} == {"cancelled" if then == "cancel" else "booked"}
    assert (TOMORROW in {on for _state, on in rows}) is (then != "move")
    free = select(func.count(Number.id)).where(Number.on_date == TOMORROW, Number.appointment_id.is_(None))
    assert counted(faces, free) == 0
    assert post(manager, url, url, remove=TOMORROW.isoformat()).status_code == 303
    assert counted(faces, free) > 0


def test_a_hall_of_others_is_out_of_reach(faces, manager):
    with faces.parts.database.transaction() as session:
        session.add(Hall(code="elsewhere", name_zh="别处", name_en="Elsewhere", policy={}))
    for path in ("", "/sessions", "/closures", "/numbers", "/history", "/rules"):
        assert manager.get("/admin/plans/elsewhere" + path).status_code == 403
        assert manager.get("/admin/plans/nowhere" + path).status_code == 404


def test_every_rule_has_a_name_in_words():
    assert {each.name for each in fields(BookingPolicy)} - {"ladder"} == set(NAMES)


def test_deciding_about_hours_changes_nothing_else_of_the_hall(faces, manager):
    _, answer = stranding(faces, manager)
    action = BASE + "/decide"
    typed = fields_of(answer.text, action)
    sent = json.loads(dict(typed)["plan"])
    forged = {**sent, "name_zh": "别的大厅", "counters": sent["counters"][:1]}
    done = send(manager, action, typed, {"then": "keep", "plan": json.dumps(forged)})
    assert done.status_code == 303
    assert counted(faces, select(func.count(PlanLine.id)).where(PlanLine.ends == time(12))) > 0
    assert counted(faces, select(func.count(Hall.id)).where(Hall.name_zh == "别的大厅")) == 0
    assert counted(faces, select(func.count(Counter.id)).where(Counter.active)) == len(sent["counters"])
