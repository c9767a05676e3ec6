import stat

import pytest

from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from kernel.table_files import read_table
from queueing.day_list import BLANK_ROWS, cells_of, take_day_list, title_of
from runtime import day_lists
from tests import build
from tests.conftest import NOW


@pytest.fixture
def hall(session):
    return build.make_hall(session, "yunzhou")


@pytest.fixture
def group(session, hall):
    return build.make_group(session, hall)


def book(session, group, time, name, **values):
    slot = build.make_slot(session, group, build.at(time))
    service = build.make_service(session, group)
    citizen = build.make_citizen(session, name=name)
    return build.make_appointment(session, slot, citizen, service_ids=[service.id], **values)


def take(session, hall):
    return take_day_list(session, hall, on_date=build.TODAY, actor=SYSTEM, now=NOW)


def test_shows_the_bookings_of_the_day_by_time_with_as_little_as_calling_needs(session, hall, group):
    late = book(session, group, "10:30", "欧阳修远")
    early = book(session, group, "09:00", "张三", state="checked_in")
    build.make_ticket(session, group, 7, appointment_id=early.id)
    day = take(session, hall)
    assert [(row.code, row.label, row.name, row.arrived) for row in day.rows] == [
        (early.code, "A007", "**三", True),
        (late.code, "", "**远", False),
    ]
    text = str(cells_of(day, "zh"))
    for secret in ("张", "欧阳", "13800138000", early.reference):
        assert secret not in text
    assert cells_of(day, "zh")[1][:6] == ["☑", "09:00", early.code, "A007", "A", "居民身份证补换领"]
    assert len(cells_of(day, "en")) == 1 + 2 + BLANK_ROWS


def test_leaves_out_who_is_not_coming_and_other_days_and_halls(session, hall, group):
    book(session, group, "09:00", "甲", state="cancelled")
    book(session, group, "09:30", "乙", state="no_show")
    other = build.make_group(session, build.make_hall(session))
    book(session, other, "09:00", "丙")
    assert take(session, hall).rows == ()


def test_tells_for_whom_an_officer_booked(session, hall, group):
    book(session, group, "09:00", "张三", made_by="staff")
    book(session, group, "09:30", "李四")
    day = take(session, hall)
    assert [row[-1] for row in cells_of(day, "zh")[1:3]] == ["**三（代办）", "**四"]
    assert cells_of(day, "en")[1][-1].endswith(" (by staff)")


def test_a_visit_of_several_lines_names_them_in_order(session, hall, group):
    second = build.make_group(session, hall, "C")
    legs = [{"group_id": group.id, "service_ids": []}, {"group_id": second.id, "service_ids": []}]
    book(session, group, "09:00", "甲", legs=legs)
    assert take(session, hall).rows[0].lines == "A C"


def test_taking_a_list_is_audited(session, hall):
    take(session, hall)
    entry = session.query(AuditEntry).filter_by(action="day_list.take").one()
    assert (entry.hall_id, entry.details) == (hall.id, {"on": build.TODAY.isoformat()})


def test_lists_are_written_ahead_for_nobody_else_to_read_and_go_after_a_week(session, hall, group, tmp_path):
    day_lists.use(tmp_path / "lists")
    old = tmp_path / "lists" / "2026-02-01-yunzhou.xlsx"
    old.parent.mkdir()
    old.write_bytes(b"old")
    appointment = book(session, group, "09:00", "张三")
    evening_before = build.at("20:00", build.TODAY.replace(day=1))
    day_lists.write_tomorrow(session, hall.id, evening_before, evening_before)
    (path,) = old.parent.iterdir()
    assert path.name == "2026-03-02-yunzhou.xlsx"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_table(path.read_bytes())[1][2] == appointment.code
    appointment.state = "cancelled"
    day_lists.write_today(session, hall.id, build.at("06:00"), build.at("06:00"))
    assert read_table(path.read_bytes())[1][2] == ""


def test_the_title_says_which_day_and_as_of_when(session, hall):
    assert (
        title_of(take(session, hall), "zh") == "云州市政务服务大厅 · 2026-03-02 预约名单（03-02 08:30 生成）"
    )
