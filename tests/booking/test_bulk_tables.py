from datetime import time

import pytest

from booking.tables import export_table, import_table
from catalog.queries import get_service, list_services
from halls.models import Counter, Hall, PlanLine
from kernel.actor import Actor
from kernel.audit import AuditEntry
from kernel.table_files import read_table, write_csv, write_xlsx
from kernel.tables import TableInvalid
from people.models import Staff
from people.permissions import permissions_of
from people.staff import check_password, find_by_username
from queueing.tables import KINDS, TableUnknown, get_kind, kinds_for
from tests.booking.city_tables import BY, city, find, put, sheet
from tests.conftest import NOW

__all__ = ["city", "sheet"]  # fixtures


@pytest.mark.parametrize(
    "code", sorted(KINDS.keys() - {"licences", "seasons", "devices"})
)  # never given out; none there
@pytest.mark.parametrize(
    ("language", "write"), [("zh", write_csv), ("en", lambda cells: write_xlsx(cells, name="x"))]
)
def test_every_table_taken_out_and_in_again_changes_nothing(session, city, code, write, language):
    cells = export_table(session, KINDS[code], language=language, **BY)
    assert len(cells) > 1
    before = session.query(AuditEntry).count()
    counts = import_table(session, KINDS[code], read_table(write(cells)), **BY)
    assert (counts.new, counts.changed, counts.removed) == (0, 0, 0)
    assert counts.unchanged == len(cells) - 1
    assert session.query(AuditEntry).count() == before


def test_services_are_made_changed_and_put_out_of_use(session, sheet):
    cells = sheet("services")
    put(cells, 2, fee_fen="12.5", active="否")
    cells.append([*cells[3]])
    put(cells, len(cells), code="brand-new", name_zh="新事项", name_en="New")
    counts = import_table(session, KINDS["services"], cells, **BY)
    assert (counts.new, counts.changed) == (1, 1)
    changed = session.query(type(list_services(session)[0])).filter_by(code=cells[1][0]).one()
    assert (changed.fee_fen, changed.active) == (1250, False)
    assert get_service(session, "brand-new").materials[0]["code"] == "id-card"


def test_one_wrong_row_stops_all_rows_and_every_wrong_one_is_named(session, sheet):
    cells = sheet("services")
    before = list_services(session)[3].name_zh
    put(cells, 3, minutes="0", online_url="ftp://x")
    put(cells, 5, name_zh="改名")
    put(cells, 7, ways="飞着办")
    with pytest.raises(TableInvalid) as refused:
        import_table(session, KINDS["services"], cells, **BY)
    found = {(each.line, each.column) for each in refused.value.mistakes}
    assert found == {(3, "minutes"), (3, "online_url"), (7, "ways")}
    assert list_services(session)[3].name_zh == before


def test_materials_of_named_services_are_whole_and_guides_keep_theirs(session, sheet):
    cells = sheet("materials")
    line = find(cells, service="passport")
    code = cells[line - 1][1]
    rows = [row for at, row in enumerate(cells, 1) if row[0] == "passport" and at != line]
    counts = import_table(session, KINDS["materials"], [cells[0], *rows], **BY)
    assert counts.removed == 1
    assert code not in {each["code"] for each in get_service(session, "passport").materials}
    guided = [row for row in cells[1:] if row[0] == "birth-registration" and row[1] != "statement"]
    with pytest.raises(TableInvalid) as refused:
        import_table(session, KINDS["materials"], [cells[0], *guided], **BY)
    assert "statement" in refused.value.mistakes[0].en


def test_offers_name_the_line_of_each_service_in_a_hall(session, sheet):
    cells = sheet("offers")
    hall = cells[1][0]
    put(cells, 2, group="Q")
    put(cells, 3, service="no-such")
    put(cells, 4, hall="nowhere")
    with pytest.raises(TableInvalid) as refused:
        import_table(session, KINDS["offers"], cells, **BY)
    assert {(e.line, e.column) for e in refused.value.mistakes} == {(2, "group"), (3, "service"), (4, "hall")}
    cells = [row for row in sheet("offers") if row[0] in ("hall", hall)]
    assert import_table(session, KINDS["offers"], cells[:-1], **BY).removed == 1


def test_counters_are_added_changed_and_put_out_of_use(session, sheet):
    cells = sheet("counters")
    hall = cells[1][0]
    put(cells, 2, name_zh="综合一号")
    put(cells, 3, active="否")
    cells.append([hall, "99", "临时窗口", "Extra", cells[1][cells[0].index("groups")], "是"])
    counts = import_table(session, KINDS["counters"], cells, **BY)
    assert (counts.new, counts.changed) == (1, 2)
    hall_id = session.query(Hall).filter_by(code=hall).one().id
    counters = {row.number: row for row in session.query(Counter).filter_by(hall_id=hall_id)}
    assert counters[int(cells[1][1])].name_zh == "综合一号"
    assert counters[int(cells[2][1])].active is False
    assert counters[99].active


def test_a_counter_of_a_line_that_there_is_not_is_named(session, sheet):
    cells = put(sheet("counters"), 2, groups="Q")
    with pytest.raises(TableInvalid) as refused:
        import_table(session, KINDS["counters"], cells, **BY)
    assert [(each.line, each.column) for each in refused.value.mistakes] == [(2, "groups")]


def test_plan_lines_are_changed_and_mistakes_stand_at_their_line(session, sheet):
    cells = sheet("plan")
    line = find(cells, starts="09:00")
    put(cells, line, starts="09:30")
    import_table(session, KINDS["plan"], cells, **BY)
    assert session.query(PlanLine).filter_by(starts=time(9, 30)).count() > 0
    put(cells, 2, starts="09:10")
    put(cells, 3, on="2026-05-01")
    with pytest.raises(TableInvalid) as refused:
        import_table(session, KINDS["plan"], cells, **BY)
    assert {(each.line, each.column) for each in refused.value.mistakes} >= {(3, "weekdays")}
    put(cells, 3, on="")
    with pytest.raises(TableInvalid) as refused:
        import_table(session, KINDS["plan"], cells, **BY)
    assert (2, "starts") in {(each.line, each.column) for each in refused.value.mistakes}


def test_staff_are_added_with_a_password_and_stopped(session, sheet):
    cells = sheet("staff")
    assert cells[find(cells, username="li") - 1][-1] == ""
    put(cells, find(cells, username="li"), roles="officer、duty_officer", active="否")
    cells.append(["new.one", "新人", "", "officer", "city-hall", "是", "long enough 1"])
    import_table(session, KINDS["staff"], cells, **BY)
    assert find_by_username(session, "li").active is False
    assert check_password(session, "new.one", "long enough 1", real_now=NOW).staff is not None


def test_wrong_staff_are_named_and_nobody_is_made(session, sheet):
    cells = [sheet("staff")[0]]
    cells.append(["a b", "甲", "", "officer", "", "是", "long enough 1"])
    cells.append(["short", "乙", "", "officer", "", "是", "x"])
    cells.append(["king", "丙", "", "king", "", "是", "long enough 1"])
    cells.append(["lost", "丁", "", "officer", "nowhere", "是", "long enough 1"])
    with pytest.raises(TableInvalid) as refused:
        import_table(session, KINDS["staff"], cells, **BY)
    assert {(each.line, each.column) for each in refused.value.mistakes} == {(5, "halls")}
    cells.pop()
    with pytest.raises(TableInvalid) as refused:
        import_table(session, KINDS["staff"], cells, **BY)
    found = {(each.line, each.column) for each in refused.value.mistakes}
    assert found == {(2, "username"), (3, "password"), (4, "roles")}


def test_who_works_in_one_hall_sees_and_changes_it_alone(session, sheet):
    station = session.query(Hall).filter_by(code="xihu-station").one()
    chief = Actor("staff", 2, permissions_of(["admin"]), frozenset({station.id}))
    assert {kind.sheet.code for kind in kinds_for(chief)} == {
        "offers",
        "seasons",
        "booking-rules",
        "queue-rules",
        "halls",
        "lines",
        "counters",
        "plan",
        "closures",
        "screens",
        "devices",
        "staff",
    }
    with pytest.raises(TableUnknown):
        get_kind("services", chief)
    for code in ("offers", "halls", "lines", "counters", "plan"):
        assert {row[0] for row in sheet(code, chief)[1:]} == {"xihu-station"}
        with pytest.raises(TableInvalid) as refused:
            import_table(session, KINDS[code], sheet(code), actor=chief, now=NOW)
        assert {each.column for each in refused.value.mistakes} == {"hall"}
    session.query(Staff).filter_by(username="li").update({"hall_ids": None})
    assert "li" not in {row[0] for row in sheet("staff", chief)}


def test_an_empty_table_removes_nothing(session, sheet):
    with pytest.raises(TableInvalid):
        import_table(session, KINDS["synonyms"], sheet("synonyms")[:1], **BY)


def test_tables_taken_out_and_in_are_audited(session, sheet):
    cells = put(sheet("services"), 2, minutes="33")
    import_table(session, KINDS["services"], cells, **BY)
    entry = session.query(AuditEntry).filter_by(action="table.import").one()
    assert entry.details == {"table": "services", "new": 0, "changed": 1, "removed": 0}
    assert session.query(AuditEntry).filter_by(action="table.export").count() == 1
