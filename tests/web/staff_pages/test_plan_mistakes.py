"""What is wrong in a form of the hall's time stands above, names its field, and stands beside it."""

import re

import pytest

BASE = "/admin/plans/yunzhou"


@pytest.fixture
def refuse(chief):
    def send(path, **values):
        fields = {"base": "0", **values}
        return chief.send(f"{BASE}{path}", 422, **fields).text

    return send


def at(page, field):
    """What stands beside a field."""
    found = re.search(rf'id="field-{field}-error">([^<]*)<', page)
    return found.group(1) if found else ""


def above(page):
    summary = re.search(r'id="error-summary".*?</div>', page, re.DOTALL).group()
    return re.findall(r"<li>(.*?)</li>", summary, re.DOTALL)


def test_a_session_without_a_day_says_so_at_the_day(refuse):
    facts = {"group": "A", "starts": "09:00", "ends": "12:00", "counters": "1"}
    page = refuse("/sessions", kind="extra", session="", **facts)
    assert above(page) == ['<a href="#field-on">日期：不能为空</a>']
    assert at(page, "on") == "不能为空"


def test_a_mobile_session_without_a_place_says_so_at_the_place(refuse):
    facts = {"group": "A", "on": "2026-03-05", "starts": "09:00", "ends": "12:00", "counters": "1"}
    page = refuse("/sessions", kind="extra", session="mobile", **facts)
    assert at(page, "place_zh") == "流动下乡要写明地点，其他场次不写"


def test_a_session_that_ends_before_it_starts_is_told_in_words_of_the_form(refuse):
    facts = {"group": "A", "on": "2026-03-05", "starts": "12:00", "ends": "09:00", "counters": "1"}
    assert at(refuse("/sessions", kind="extra", session="", **facts), "ends") == "应晚于开始时间"


def test_a_season_without_name_and_days_names_each_and_keeps_the_note(refuse):
    page = refuse("?season=new", note="夏天")
    assert '<a href="#field-first_on">第一天：不能为空</a>' in above(page)
    assert at(page, "name_zh") == at(page, "last_on") == "不能为空"
    assert 'value="夏天"' in page


def test_a_row_of_the_week_without_days_is_told_with_its_column(refuse):
    page = refuse("", group="A", starts="09:00", ends="12:00", counters="1")
    assert above(page) == ["星期：不能为空"]


def test_every_conflict_of_a_week_is_told_and_leads_to_no_field_that_there_is_not(refuse):
    rows = {"starts": ["09:00", "14:00"], "ends": ["12:00", "17:00"], "counters": ["90", "80"]}
    page = refuse("", group=["A", "A"], **rows, **{"weekdays-0": "1", "weekdays-1": "2"})
    assert [line.partition(" 个窗口")[0] for line in above(page)] == [
        "星期一 09:00 共需 90",
        "星期二 14:00 共需 80",
    ]


def test_a_planned_closure_without_a_day_says_so_there_and_leaves_the_emergency_alone(refuse):
    page = refuse("/closures", group="", first_on="", until="12:00", reason_zh="检修", **{"from": "10:00"})
    assert above(page) == ['<a href="#field-first_on">开始日期：没有填，或没有填对</a>']
    urgent, planned = page.split('id="add-title"')
    assert "检修" not in urgent
    assert "检修" in planned


def test_a_rule_out_of_range_is_called_as_on_the_page(refuse, chief):
    page = refuse("/rules", version="1", lead_time_minutes="abc", duty_share="5")
    assert "lead_time_minutes”" not in page
    assert at(page, "lead_time_minutes") == "应为整数"
    assert above(page)[0].startswith('<a href="#field-lead_time_minutes">最少提前多久预约：')


def test_a_day_of_the_calendar_without_a_date_says_so_at_the_date(chief):
    page = chief.send("/admin/days", 422, name_zh="补班", working="1").text
    assert above(page) == ['<a href="#field-on">日期：没有填，或没有填对</a>']
    assert at(page, "on") == "没有填，或没有填对"


@pytest.mark.parametrize("days", ["0", "91", "x", ""])
def test_publishing_a_wrong_number_of_days_says_so_at_the_field(refuse, days):
    page = refuse("/publish", days=days)
    assert above(page) == ['<a href="#field-days">从今天起的天数：应是 1 到 90 的整数</a>']
    assert at(page, "days") == "应是 1 到 90 的整数"
    assert re.search(rf'id="field-days" name="days" type="text" value="{days}"', page)
