"""The day's report as a page, on paper, as a spreadsheet and in the API: the same figures."""

from kernel.actor import SYSTEM
from kernel.table_files import read_table
from queueing.close_day import close_day
from tests.build import TODAY, at


def cells(answer):
    return [tuple(row) for row in read_table(answer.data)]


def test_the_spreadsheet_holds_every_figure_of_the_page(faces):
    faces.waiting(1)
    faces.waiting(2)
    duty = faces.officer(roles=("duty_officer",))
    with faces.parts.database.transaction() as session:
        close_day(session, faces.hall.id, on_date=TODAY, now=at("23:00"), actor=SYSTEM)
    page = duty.get(f"/after/yunzhou/day?on={TODAY}").text
    assert "data-print" in page
    assert f"/after/yunzhou/day.xlsx?on={TODAY}" in page
    answer = duty.get(f"/after/yunzhou/day.xlsx?on={TODAY}")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="day-yunzhou-{TODAY:%Y%m%d}.xlsx"'
    rows = cells(answer)
    assert ("号码", "发出", "2") in rows
    assert ("号码", "已作废", "2") in rows
    assert ("随这一天结束的号码", "还在等候", "2：A001、A002") in rows
    assert ("还要做的", "容缺待补", "0") in rows
    assert rows[0] == ("部分", "项目", "数值")


def test_officers_may_not_take_it_out(faces):
    assert faces.officer().get("/after/yunzhou/day.xlsx").status_code == 403


def test_in_english_the_spreadsheet_is_english(faces):
    duty = faces.officer(roles=("duty_officer",))
    duty.set_cookie("lang", "en")
    rows = cells(duty.get("/after/yunzhou/day.xlsx"))
    assert rows[0] == ("Part", "Item", "Figure")
