import io
import re

import pytest
from sqlalchemy import func, select, update

from booking.models import Appointment, Number
from booking.publish import publish
from catalog.models import Service
from halls.models import PlanLine
from kernel.actor import SYSTEM
from kernel.table_files import TableFileUnreadable, read_table, write_csv, write_xlsx
from tests.booking.crowded import book_all
from tests.build import TODAY, at
from tests.web.hall_faces import token
from web.admin.tables import pack, unpack


@pytest.fixture
def send(chief):
    """Send cells as a file."""

    def post(kind, cells, status=200, write=write_csv):
        facts = {"csrf_token": token(chief.get("/admin/")), "file": (io.BytesIO(write(cells)), "x.csv")}
        answer = chief.client.post(f"/admin/tables/{kind}", data=facts)
        assert answer.status_code == status, answer.text[:1500]
        return answer.text

    return post


def take(chief, kind, suffix="csv"):
    answer = chief.client.get(f"/admin/tables/{kind}.{suffix}")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    return read_table(answer.data)


def minutes(faces):
    with faces.parts.database.transaction() as session:
        return session.get(Service, faces.renewal.id).minutes


@pytest.fixture
def edited(chief, faces):
    """The table of services with another length of the renewal, and with materials for all."""
    with faces.parts.database.transaction() as session:
        for service in session.query(Service):
            service.materials = [{"code": "id", "name_zh": "身份证", "name_en": "ID card"}]
    cells = take(chief, "services", "xlsx")
    row = next(row for row in cells if row[0] == faces.renewal.code)
    row[4] = "33"
    return cells


@pytest.mark.parametrize("write", [write_csv, lambda cells: write_xlsx(cells, name="x")])
def test_a_file_is_tried_out_first_and_taken_in_when_confirmed(chief, faces, send, edited, write):
    before = minutes(faces)
    page = send("services", edited, write=write)
    assert "修改</dt><dd>1 行" in page
    line = 1 + [row[0] for row in edited].index(faces.renewal.code)
    cells = (faces.renewal.code, "窗口用时（分钟）", str(before), "33")
    told = re.sub(r"<[^>]+>", "|", page[page.index("哪一条") :])
    assert re.search(r"\|+".join(map(re.escape, (str(line), *cells))), told)
    assert minutes(faces) == before
    content = re.search(r'name="content" value="([^"]+)"', page)[1]
    chief.send("/admin/tables/services/apply", content=content)
    assert minutes(faces) == 33
    assert "table.import" in chief.get("/admin/audit") or "导入" in chief.get("/admin/audit")


def test_a_file_with_mistakes_is_refused_with_a_row_for_each(chief, faces, send, edited):
    edited[1][4], edited[2][1] = "0", ""
    page = send("services", edited, 422)
    assert "2 处问题" in page
    assert re.search(r'<td class="num">2</td><th scope="row">窗口用时（分钟）</th>', page)
    assert re.search(r'<td class="num">3</td><th scope="row">名称（中文）</th>', page)
    assert "确认导入" not in page


def test_a_file_that_is_none_is_refused(chief, send):
    facts = {"csrf_token": token(chief.get("/admin/")), "file": (io.BytesIO(b"PK\x03\x04x"), "x.xlsx")}
    answer = chief.client.post("/admin/tables/services", data=facts)
    assert answer.status_code == 422
    assert "无法读取" in answer.text
    chief.send("/admin/tables/services", 422)
    chief.send("/admin/tables/services/apply", 422, content="rubbish")


def test_files_larger_than_a_form_are_taken_here_and_nowhere_else(chief, send, edited):
    long = [[*row] for row in edited]
    long[1][edited[0].index("简介（中文）")] = "很长" * 60_000
    assert "超过 400 字" in send("services", long, 422)
    chief.send("/admin/synonyms", 413, words="长" * 300_000)


def test_tables_of_the_city_are_not_for_who_works_in_one_hall(hall_chief):
    page = hall_chief.get("/admin/tables")
    assert "/admin/tables/counters" in page
    assert "/admin/tables/services" not in page
    hall_chief.get("/admin/tables/services", 404)
    hall_chief.get("/admin/tables/services.csv", 404)


def test_a_table_that_strands_bookings_asks_what_becomes_of_them(chief, faces, send):
    with faces.parts.database.transaction() as session:
        session.execute(update(PlanLine).values(counters=1))
        facts = {"first_on": TODAY, "last_on": TODAY, "actor": SYSTEM, "now": at("08:00")}
        publish(session, faces.hall.id, **facts)
        book_all(session, session.merge(faces.hall), TODAY, now=at("08:00"), group=faces.a)
    cells = take(chief, "plan")
    starts, ends = cells[0].index("开始"), cells[0].index("结束")
    for row in cells[1:]:
        row[starts], row[ends] = ("09:00", "12:00") if row[ends] > "12:00" else (row[starts], row[ends])
    page = send("plan", [list(row) for row in dict.fromkeys(tuple(row) for row in cells)])
    assert "个预约没有位置" in page
    content = re.search(r'name="content" value="([^"]+)"', page)[1]
    again = chief.send("/admin/tables/plan/apply", 409, content=content).text
    assert "个预约没有位置" in again
    late = select(func.count(Appointment.id)).where(
        Appointment.state == "booked", Appointment.starts_at >= at("12:00")
    )
    with faces.parts.database.transaction() as session:
        assert session.scalar(late) > 0
    chief.send("/admin/tables/plan/apply", content=content, then="cancel")
    with faces.parts.database.transaction() as session:
        assert session.scalar(late) == 0
        assert session.scalar(select(func.count(Number.id)).where(Number.starts_at >= at("12:00"))) == 0


def test_what_is_packed_comes_back_and_nothing_else_is_taken():
    assert unpack(pack([["代码"], ["a"]])) == [["代码"], ["a"]]
    for text in ("", "x", pack([["a"]])[:-8], "eJyrrgUAAXUA+Q=="):
        with pytest.raises(TableFileUnreadable):
            unpack(text)
