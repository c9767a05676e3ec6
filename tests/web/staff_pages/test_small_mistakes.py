"""Forms of staff keep what was typed and say what is wrong at the field."""

import re

from tests.web.staff_pages.conftest import Pages
from tests.web.staff_pages.test_plan_mistakes import above, at


def test_a_new_line_with_a_mistake_keeps_the_counters_that_were_ticked(chief, faces):
    number = str(faces.counters[0].number)
    facts = {"code": "E", "letter": "EE", "name_zh": "新业务", "name_en": "New", "unit_minutes": "10"}
    page = chief.send(
        "/admin/halls/yunzhou/groups/new", 422, mean_minutes="9", counters=[number], **facts
    ).text
    assert at(page, "letter")
    assert re.search(rf'name="counters" value="{number}" checked', page)


def test_a_counter_whose_number_is_taken_says_so_at_the_number(chief, faces):
    number = str(faces.counters[0].number)
    page = chief.send("/admin/halls/yunzhou/counters/new", 409, number=number, groups=["A"]).text
    assert at(page, "number") == f"本大厅已有 {number} 号窗口，请换一个号。"


def test_a_short_password_of_a_new_account_is_told_at_the_password(chief):
    facts = {"username": "newone", "name": "新人", "roles": ["officer"]}
    page = chief.send("/admin/staff", 422, password="short", **facts).text
    assert at(page, "password")
    assert "#field-password" in above(page)[0]
    assert not at(page, "username")


def test_the_history_of_a_service_is_called_by_its_name(chief, faces):
    code = faces.renewal.code
    chief.send(f"/admin/services/{code}", name_zh="补领", name_en="Renewal", group="A", minutes="12", fee="0")
    for kind in ("service", "guide"):
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", chief.get(f"/admin/history/{kind}/{code}")).group(1)
        assert heading.endswith(" 补领")


def test_booking_for_somebody_says_at_the_time_and_at_the_number_what_is_wrong(faces):
    duty = Pages(faces.officer(roles=("duty_officer",)))
    facts = {"service": faces.renewal.code, "day": "2026-03-02", "name": "张三", "kind": "resident_id"}
    page = duty.send("/duty/yunzhou/book", 404, number="123", reason="no_phone", **facts).text
    assert "#field-starts_at" in above(page)[0]


def test_lifting_a_suspension_says_at_the_number_what_is_wrong(faces):
    duty = Pages(faces.officer(roles=("duty_officer",)))
    page = duty.send("/duty/yunzhou/lift", 422, kind="resident_id", number="123", reason="illness").text
    assert at(page, "number")
    assert 'value="123"' in page


def test_who_may_not_is_told_to_give_the_code_to_the_administrator(faces):
    page = Pages(faces.officer()).get("/admin/staff", 403)
    assert "告诉管理员这个代码会更快" in page


def test_a_fee_is_refused_in_yuan_at_its_field(chief):
    facts = {"code": "new-one", "name_zh": "新", "name_en": "New", "group": "A", "minutes": "10"}
    page = chief.send("/admin/services/new", 422, fee="-5", **facts).text
    assert above(page) == ['<a href="#field-fee">费用（元）：应为 0 到 100000 元，最多两位小数</a>']
    assert at(page, "fee") == "应为 0 到 100000 元，最多两位小数"


def test_what_was_typed_is_quoted_as_chinese_writes(chief):
    facts = {"code": "new-one", "name_zh": "新", "name_en": "New", "group": "A", "fee": "0"}
    page = chief.send("/admin/services/new", 422, minutes="abc", **facts).text
    assert at(page, "minutes") == "应为 1 到 480 的整数，现为“abc”"
