from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.table_files import TableFileUnreadable, read_table, write_csv, write_xlsx
from kernel.tables import (
    NO_RESULT,
    Column,
    Counts,
    Line,
    Mistakes,
    Sheet,
    TableInvalid,
    cells_of,
    compare,
    differences,
    lines_of,
)

SHEET = Sheet(
    "things",
    "东西",
    "Things",
    (
        Column("code", "代码", "Code", "code", needed=True),
        Column("name", "名称", "Name", most=10),
        Column("fee", "费用", "Fee", "yuan"),
        Column("count", "数量", "Count", "whole"),
        Column("share", "份额", "Share", "number"),
        Column("used", "在用", "Used", "flag"),
        Column("words", "词", "Words", "list"),
        Column("on", "日期", "On", "date"),
        Column("at", "时刻", "At", "time"),
        Column("secret", "密码", "Secret", optional=True),
    ),
    key=("code",),
)
ROW = {
    "code": "a-1",
    "name": "=1+1",
    "fee": 2050,
    "count": 3,
    "share": 1.5,
    "used": True,
    "words": ["身份证", "sfz"],
    "on": date(2026, 10, 8),
    "at": time(9, 30),
    "secret": "",
}


def read(cells):
    mistakes = Mistakes()
    lines = lines_of(SHEET, cells, mistakes)
    return lines, mistakes.found


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("write", [write_csv, lambda cells: write_xlsx(cells, name="东西")])
def test_a_table_comes_back_from_a_file_as_it_went_out(language, write):
    lines, mistakes = read(read_table(write(cells_of(SHEET, [ROW], language))))
    assert mistakes == []
    assert [(line.number, line.row) for line in lines] == [(2, ROW)]


def test_csv_has_the_mark_that_excel_wants_and_no_cell_that_is_a_formula():
    data = write_csv([["名称"], ["=HYPERLINK(1)"], ["+1"], ["-1"], ["@x"], ["'quoted"], ["普通"]])
    assert data.startswith(b"\xef\xbb\xbf")
    cells = data.decode("utf-8-sig").split()
    assert cells == ["名称", "'=HYPERLINK(1)", "'+1", "'-1", "'@x", "''quoted", "普通"]


def test_a_workbook_has_no_formulas(tmp_path):
    import zipfile  # noqa: PLC0415 - only here

    path = tmp_path / "x.xlsx"
    path.write_bytes(write_xlsx([["名称"], ["=1+1"]], name="x"))
    with zipfile.ZipFile(path) as packed:
        assert b"<f>" not in packed.read("xl/worksheets/sheet1.xml")


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\ufffe\uffff")), min_size=1)
    )
)
def test_any_text_survives_csv(cells):
    rows = [row for row in cells if row != [""]]
    assert read_table(write_csv(rows)) == rows


def test_what_excel_makes_of_cells_is_read_as_people_mean_it():
    import io  # noqa: PLC0415 - only here
    from datetime import datetime  # noqa: PLC0415 - only here

    import xlsxwriter  # noqa: PLC0415 - only here

    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [12, 20.5, True])
        sheet.write_datetime(0, 3, datetime(2026, 10, 8), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
        sheet.write_datetime(0, 4, time(9, 30), book.add_format({"num_format": "hh:mm"}))
    assert read_table(made.getvalue()) == [["12", "20.5", "yes", "2026-10-08", "09:30"]]


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.4\n1 0 obj<<>>endobj",
        b"PK\x03\x04rubbish",
        b"\xff\xfe\x00\x01\xff",
        b"x" * 4_000_001,
        b'a,"b\nc',
    ],
)
def test_rubbish_is_refused_with_a_sentence(data):
    with pytest.raises(TableFileUnreadable):
        read_table(data)


def workbook(*formulas):
    """A workbook with a head, then a row of formulas, each with the result that it carries."""
    import io  # noqa: PLC0415 - only here

    import xlsxwriter  # noqa: PLC0415 - only here

    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["代码", "名称"])
        for at, (formula, result) in enumerate(formulas):
            sheet.write_formula(1, at, formula, None, result)
        book.add_worksheet("another").write_formula(0, 0, "=1/0", None, "#DIV/0!")
    return made.getvalue()


def test_a_formula_counts_as_its_result_and_one_without_is_no_empty_cell():
    worked = workbook(("=1+2", 3), ('="a"', "a"), ("=1=1", True))
    assert read_table(worked)[1] == ["3", "a", "yes"]
    unworked = workbook(("=1+2", ""), ("=1/0", "#DIV/0!"), ("=A9", "#N/A"), ("=2", 2))
    assert read_table(unworked)[1] == [NO_RESULT, NO_RESULT, NO_RESULT, "2"]


def test_a_formula_without_a_result_is_a_mistake_of_its_cell():
    _lines, found = read([[column.zh for column in SHEET.columns], ["a", NO_RESULT, *[""] * 8]])
    assert [(each.line, each.column, each.zh) for each in found] == [(2, "name", "公式没有结果，请改成数值")]


def test_a_csv_of_a_chinese_excel_is_read():
    assert read_table("代码,名称\r\na,狗证\r\n".encode("gb18030"))[1] == ["a", "狗证"]


def test_every_mistake_is_named_with_its_line_and_column():
    head = [column.zh for column in SHEET.columns]
    rows = [
        ["a b", "名" * 11, "二十", "3.5", "x", "也许", "", "2026-13-01", "25:00", ""],
        ["", "", "", "", "", "", "", "", "", ""],
        ["c", "", "1.234", "", "", "", "", "", "9:00", ""],
        ["c", "", "", "", "", "", "", "", "", ""],
    ]
    lines, found = read([head, *rows])
    assert {(each.line, each.column) for each in found} == {
        (2, "code"),
        (2, "name"),
        (2, "fee"),
        (2, "count"),
        (2, "share"),
        (2, "used"),
        (2, "on"),
        (2, "at"),
        (4, "fee"),
        (5, ""),
    }
    assert [line.number for line in lines] == [2, 4, 5]


def test_a_column_that_is_missing_unknown_or_double_is_named():
    _lines, found = read([["代码", "名称", "名称", "颜色", "fee", "Count", "share", "used", "words", "on"]])
    assert {(each.column, each.zh) for each in found} == {
        ("name", "这一列出现了两次"),
        ("颜色", "不认识的列"),
        ("at", "缺少这一列"),
    }


def test_another_table_is_told_once_and_its_rows_are_not_judged():
    lines, found = read([["大厅", "颜色"], ["a", "b"], ["a", "b"]])
    assert [(each.line, each.column) for each in found] == [(1, "")]
    assert "只读第一张工作表" in found[0].zh
    assert len(lines) == 2


def test_rows_are_not_called_double_where_the_column_that_tells_them_apart_is_missing():
    head = [column.zh for column in SHEET.columns if column.name != "code"]
    row = ["名称", *[""] * 8]
    _lines, found = read([head, row, row])
    assert [(each.line, each.column) for each in found] == [(1, "code")]


@pytest.mark.parametrize("cells", [[], [[]], [["", " "], [""]]])
def test_an_empty_sheet_has_no_lines_and_no_list_of_missing_columns(cells):
    assert read(cells) == ([], [])


def test_mistakes_are_refused_all_at_once_in_order():
    mistakes = Mistakes()
    mistakes.add(9, "b", zh="错", en="wrong")
    mistakes.add(2, "a", zh="错", en="wrong")
    with pytest.raises(TableInvalid) as refused:
        mistakes.stop_if_any()
    assert [each.line for each in refused.value.mistakes] == [2, 9]
    assert "2 处" in refused.value.sentence("zh")


def test_tells_every_cell_that_a_file_would_change_and_shows_no_secret():
    columns = (*SHEET.columns, Column("word", "密码", "Password", secret=True))
    sheet = Sheet("t", "", "", columns, SHEET.key, whole=())
    before = [{**ROW, "word": ""}, {**ROW, "code": "gone", "word": ""}]
    lines = [Line(2, {**ROW, "name": "新名", "word": "hush"}), Line(3, {**ROW, "code": "new", "word": ""})]
    found = differences(sheet, before, lines, "zh")
    told = [(each.line, each.key[0], each.column and each.column.name, each.after) for each in found]
    assert told == [
        (2, ROW["code"], "name", "新名"),
        (2, ROW["code"], "word", "••••••"),
        (3, "new", None, ""),
        (None, "gone", None, ""),
    ]
    assert found[0].before == ROW["name"]


def test_counts_what_a_file_would_do():
    head = [column.name for column in SHEET.columns]
    cells = cells_of(SHEET, [ROW, {**ROW, "code": "b"}, {**ROW, "code": "c"}], "zh")
    lines, _found = read([head, *cells[1:]])
    before = [ROW, {**ROW, "code": "b", "fee": 1}, {**ROW, "code": "z"}]
    assert compare(SHEET, before, lines) == Counts(new=1, changed=1, unchanged=1, removed=0)
    whole = Sheet("t", "", "", SHEET.columns, ("code",), whole=())
    assert compare(whole, before, lines).removed == 1
    part = Sheet("t", "", "", SHEET.columns, ("code",), whole=("name",))
    assert compare(part, [*before, {**ROW, "code": "y", "name": "别的"}], lines).removed == 1
