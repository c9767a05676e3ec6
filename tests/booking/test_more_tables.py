"""Packages, halls, lines and closures as tables."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from booking.change_plan import BookingsStranded
from booking.close import Then
from booking.models import Appointment, Number
from booking.publish import publish
from booking.tables import import_table
from catalog.models import HallService, Package
from halls.models import Closure, Hall, ServiceGroup
from halls.queries import list_counters, list_groups
from kernel.actor import Actor
from kernel.tables import TableInvalid
from people.permissions import permissions_of
from queueing.tables import KINDS
from tests.booking.city_tables import BY, city, find, put, sheet
from tests.booking.crowded import book_all
from tests.conftest import NOW

__all__ = ["city", "sheet"]  # fixtures

ON = date(2026, 3, 3)


def refused(session, code, cells):
    with pytest.raises(TableInvalid) as found:
        import_table(session, KINDS[code], cells, **BY)
    return {(each.line, each.column) for each in found.value.mistakes}


def hall_of(session, code="xihu-station"):
    return session.scalars(select(Hall).where(Hall.code == code)).one()


# ---- packages ----


def test_a_table_of_packages_is_the_whole_list_in_its_order(session, sheet):
    cells = sheet("packages")
    codes = [row[0] for row in cells[1:]]
    made = [*cells[1]]
    made[0], made[1] = "new-thing", "新的一件事"
    counts = import_table(session, KINDS["packages"], [cells[0], made, *reversed(cells[2:])], **BY)
    assert (counts.new, counts.removed) == (1, 1)
    kept = session.scalars(select(Package.code).order_by(Package.position)).all()
    assert kept == ["new-thing", *reversed(codes[1:])]


def test_wrong_packages_are_named_by_line_and_column_and_none_is_taken(session, sheet):
    cells = sheet("packages")
    put(cells, 2, services="id-card-renewal、no-such-thing")
    put(cells, 3, name_en="")
    assert refused(session, "packages", cells) == {(3, "name_en")}  # a whole list is not judged in part
    put(cells, 3, name_en="Something", services="nothing")
    assert refused(session, "packages", cells) >= {(2, "services"), (3, "services")}


# ---- halls and lines ----


def test_halls_change_where_they_are_and_keep_what_they_have(session, sheet):
    before = [group.code for group in list_groups(session, hall_of(session).id)]
    cells = sheet("halls")
    put(cells, find(cells, hall="xihu-station"), phone="010-1234", latitude="30.123456", longitude="")
    counts = import_table(session, KINDS["halls"], cells, **BY)
    assert (counts.changed, counts.new) == (1, 0)
    hall = hall_of(session)
    assert (hall.phone, hall.latitude, hall.longitude) == ("010-1234", 30.123456, None)
    assert [group.code for group in list_groups(session, hall.id)] == before
    again = sheet("halls")
    assert again[find(again, hall="xihu-station") - 1][again[0].index("latitude")] == "30.123456"


def test_an_impossible_place_and_an_unknown_hall_are_named(session, sheet):
    cells = sheet("halls")
    put(cells, 2, latitude="91")
    assert refused(session, "halls", cells) == {(2, "latitude")}
    put(cells, 2, latitude="30", hall="new-hall")
    one = Actor("staff", 1, permissions_of(["admin"]), frozenset({hall_of(session).id}))
    with pytest.raises(TableInvalid):
        import_table(session, KINDS["halls"], cells, **(BY | {"actor": one}))


def test_lines_are_added_changed_closed_and_opened_again(session, sheet):
    cells = sheet("lines")
    hall = hall_of(session, "city-hall")
    first, second = (find(cells, hall="city-hall", group=g.code) for g in list_groups(session, hall.id)[:2])
    counters = cells[first - 1][cells[0].index("counters")]
    put(cells, first, name_zh="新名字", unit_minutes="12")
    put(cells, second, active="否")
    cells.append(["city-hall", "Q", "Q", "快办", "Quick", "5", "5.5", counters.split("、")[0], "是"])
    gone = cells[second - 1][1]
    import_table(session, KINDS["lines"], cells, then=Then.KEEP, **BY)
    groups = {group.code: group for group in list_groups(session, hall.id)}
    assert (groups[cells[first - 1][1]].name_zh, groups[cells[first - 1][1]].unit_minutes) == ("新名字", 12)
    assert groups[gone].active is False
    assert session.scalars(select(HallService).where(HallService.group_id == groups[gone].id)).all() == []
    served = [each.number for each in list_counters(session, hall.id) if groups["Q"].id in each.group_ids]
    assert [str(number) for number in served] == counters.split("、")[:1]
    cells = sheet("lines")
    put(cells, find(cells, hall="city-hall", group=gone), active="是", counters=str(served[0]))
    import_table(session, KINDS["lines"], cells, **BY)
    session.expire_all()
    assert session.get(ServiceGroup, groups[gone].id).active is True


def test_wrong_lines_are_named_by_line_and_column(session, sheet):
    cells = sheet("lines")
    put(cells, 2, letter="ab", counters="999")
    put(cells, 3, counters="")
    assert refused(session, "lines", cells) == {(2, "counters"), (3, "counters")}
    put(cells, 2, counters=sheet("lines")[1][cells[0].index("counters")])
    put(cells, 3, counters=sheet("lines")[2][cells[0].index("counters")])
    assert refused(session, "lines", cells) == {(2, "letter")}


# ---- closures ----

CLOSED = ["xihu-station", "", "2026-03-03", "09:00", "2026-03-03", "17:00", "停电", "no power", "是"]


def taking(session):
    """How many numbers of the day can be booked."""
    hall = hall_of(session)
    return session.query(Number).filter_by(hall_id=hall.id, on_date=ON).count()


def open_day(session):
    publish(session, hall_of(session).id, first_on=ON, last_on=ON, **BY)
    assert taking(session) > 0


def test_a_closure_is_made_and_lifted_with_its_numbers(session, sheet):
    open_day(session)
    head = sheet("closures")[0]
    counts = import_table(session, KINDS["closures"], [head, CLOSED], **BY)
    assert (counts.new, taking(session)) == (1, 0)
    closure = session.scalars(select(Closure).where(Closure.reason_zh == "停电")).one()
    local = closure.starts_at.astimezone(ZoneInfo("Asia/Shanghai"))
    assert (local.date(), local.time()) == (ON, time(9))
    cells = sheet("closures")
    assert [row[6] for row in cells[1:] if row[0] == "xihu-station"] == ["停电", "检修"]
    put(cells, find(cells, reason_zh="停电"), holds="否")
    import_table(session, KINDS["closures"], cells, **BY)
    assert taking(session) > 0
    assert [row[6] for row in sheet("closures")[1:] if row[0] == "xihu-station"] == ["检修"]


def test_bookings_in_a_closure_are_decided_about_first(session, sheet):
    open_day(session)
    hall = hall_of(session)
    booked = book_all(session, hall, ON, most=3, now=NOW)
    cells = [sheet("closures")[0], CLOSED]
    with pytest.raises(BookingsStranded) as found:
        import_table(session, KINDS["closures"], cells, **BY)
    assert found.value.params["count"] == len(booked)
    import_table(session, KINDS["closures"], cells, then=Then.CANCEL, **BY)
    states = session.scalars(select(Appointment.state).where(Appointment.hall_id == hall.id))
    assert set(states) == {"cancelled"}


def test_wrong_closures_are_named_by_line_and_column(session, sheet):
    head = sheet("closures")[0]
    rows = [[*CLOSED] for _ in range(4)]
    rows[0][1] = "Q"
    rows[1][5] = "08:00"
    rows[2][2] = rows[2][4] = "2026-02-03"
    rows[3][6], rows[3][5] = "这个原因实在太长了，短信里写不下这么多字啊", "16:00"
    found = refused(session, "closures", [head, *rows])
    assert found == {(2, "group"), (3, "ends"), (4, "last_on"), (5, "reason_zh")}
    assert session.scalars(select(Closure).where(Closure.reason_zh == "停电")).all() == []


def test_a_closure_that_is_over_is_not_lifted(session, sheet):
    cells = sheet("closures")
    put(cells, find(cells, reason_zh="检修"), holds="否")
    later = BY | {"now": datetime(2026, 4, 1, tzinfo=ZoneInfo("Asia/Shanghai"))}
    with pytest.raises(TableInvalid) as found:
        import_table(session, KINDS["closures"], cells, **later)
    assert [each.column for each in found.value.mistakes] == ["last_on"]
