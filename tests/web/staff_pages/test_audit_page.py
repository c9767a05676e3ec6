"""The audit page: entries in words, by person, action, day, hall, or by a word; never ids or codes."""

import re

import pytest

from kernel import audit
from kernel.actor import SYSTEM, Actor
from tests import build


def rows_of(page):
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    return [
        " ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in re.findall(r"<tr>.*?</tr>", body, re.DOTALL)
    ]


def enter(faces, action, subject, *, actor=SYSTEM, time="09:00", hall=True, **facts):
    with faces.parts.database.transaction() as session:
        hall_id = faces.hall.id if hall else None
        now = build.at(time) if isinstance(time, str) else time
        audit.record(session, action, actor=actor, now=now, subject=subject, hall_id=hall_id, **facts)


@pytest.fixture
def told(chief, faces):
    """A move by a changed plan, an import of a table, and a call, one after the other."""
    booked = faces.appointment(code="384756")
    ticket = faces.waiting(7)
    officer = Actor("staff", faces.officers[-1].id, permissions=frozenset())
    states = ("booked", "booked")
    enter(faces, "appointment.move", ("appointment", booked.id), states=states, why="staffing")
    enter(faces, "table.import", ("table", None), actor=officer, hall=False, table="services", new=2)
    enter(faces, "ticket.call", ("ticket", ticket.id), time="10:00", states=("waiting", "called"))
    return ticket


def test_entries_say_what_was_done_to_what_without_ids_or_codes(chief, told):
    called, table, moved, *_more = rows_of(chief.get("/admin/audit"))
    assert "叫号" in called
    assert f"号码 {told.label}" in called
    assert "等候中 → 已叫号" in called
    assert "导入表格：新增 2" in table
    assert "表格 事项" in table
    assert "人手调整" in moved
    assert "预约 384756" in moved
    assert "大厅关闭" not in moved
    assert "booked" not in moved


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("action=ticket.call", ["叫号"]),
        ("kind=system&on=2026-03-02", ["叫号", "改约到别的时间", "登记设备"]),
        ("q=384756", ["预约 384756"]),
        ("q=导入", ["导入表格"]),
        ("q=事项&kind=staff", ["导入表格"]),
        ("q=nothing+of+that+name", []),
        ("on=2026-03-03", []),
        ("on=x", []),
        ("hall=yunzhou&action=ticket.call", ["叫号"]),
        ("hall=nowhere", []),
        ("who=nobody-of-that-name", []),
        ("q=%25", []),
    ],
)
def test_entries_are_found_by_who_what_when_where_and_by_a_word(chief, told, query, found):
    rows = [row for row in rows_of(chief.get(f"/admin/audit?{query}")) if "没有符合条件" not in row]
    assert len(rows) == len(found), rows
    for row, words in zip(rows, found, strict=True):
        assert words in row


def test_entries_are_found_by_the_account_that_made_them(chief, faces, told):
    rows = rows_of(chief.get(f"/admin/audit?who={faces.officers[-1].username}&q=导入"))
    assert len(rows) == 1
    assert faces.officers[-1].name in rows[0]


def test_who_looks_after_one_hall_finds_nothing_of_others(hall_chief, faces, told):
    assert "导入表格" not in " ".join(rows_of(hall_chief.get("/admin/audit?q=导入")))
    assert "叫号" in rows_of(hall_chief.get("/admin/audit?action=ticket.call"))[0]


def test_older_entries_keep_what_was_asked_for(chief, faces):
    for _ in range(101):
        enter(faces, "ticket.call", ("hall", faces.hall.id))
    page = chief.get("/admin/audit?action=ticket.call")
    older = re.search(r'href="(/admin/audit\?before=[^"]*)"', page).group(1).replace("&amp;", "&")
    assert "action=ticket.call" in older
    assert len(rows_of(chief.get(older))) == 1
