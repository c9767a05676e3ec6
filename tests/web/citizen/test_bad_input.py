"""Whatever is typed: a page says what to do, what was typed stays, and nothing has changed."""

from people.models import PhoneCode
from tests import build
from tests.web.citizen.town import LOST, NUMBER, PERSON, TUESDAY, hold_first, identify

WRONG_CHECKSUM = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
SLOTS = "/services/id-card-renewal/halls/city-hall"


MISTAKES = [
    ("number", WRONG_CHECKSUM, "很可能输错了一位"),
    ("number", "1101051949", "号码格式不正确"),
    ("number", "'; DROP TABLE citizen; --", "号码格式不正确"),
    ("number", "9" * 5000, "号码格式不正确"),
    ("kind", "library-card", "请从列表中选择证件类型"),
    ("name", "", "请填写姓名"),
    ("name", "<script>alert(1)</script>", "只能填写文字"),
    ("name", "张三😀", "只能填写文字"),
    ("name", "Robert'); DROP TABLE citizen;--", "只能填写文字"),
    ("name", "长" * 61, "最多 60 个字"),
]


def test_a_mistake_about_the_person_is_said_and_what_was_typed_stays(town, phone):
    hold_first(phone)
    identify(town, phone)
    for field, value, sentence in MISTAKES:
        phone.go("/booking/who").press("下一步", **(PERSON | {field: value}))
        assert phone.status == 422, value
        assert sentence in phone.words, value
        assert f'href="#field-{field}"' in phone.html
        assert "<script>alert" not in phone.html
        kept = phone.form_with("下一步").fields
        assert kept["name"] == (value[:200] if field == "name" else "欧阳娜娜")
        assert phone.go("/booking/check").path == "/booking/who"
    assert town.untouched()


def test_a_malformed_phone_gets_no_code(town, phone):
    hold_first(phone)
    for number in ["", "1380013800", "12345", "😀", "<b>", "+1", "1" * 300]:
        phone.press("获取验证码", **(PERSON | {"phone": number}))
        assert phone.status == 422
        assert "手机号码格式不正确" in phone.words
        assert phone.form_with("下一步").fields["phone"] == number[:200]
    assert town.count(PhoneCode) == 0


def test_an_empty_phone_is_named_beside_the_missing_code(town, phone):
    hold_first(phone)
    phone.press("下一步", **(PERSON | {"phone": "", "code": ""}))
    assert phone.status == 422
    assert "请填写手机号。" in phone.words
    assert "请填写短信里的 6 位验证码。" in phone.words
    assert phone.html.index('href="#field-phone"') < phone.html.index('href="#field-code"')


def test_a_mistake_is_said_in_english(town):
    phone = town.phone("en")
    phone.go(f"{SLOTS}?a={LOST}").press("Next", starts_at=build.at("09:00", TUESDAY).isoformat())
    phone.press("Get a code", **(PERSON | {"phone": "12"}))
    assert "This is not a valid mobile number" in phone.words


def test_without_agreement_nothing_is_booked(town, phone):
    hold_first(phone)
    identify(town, phone, agree="")
    assert phone.status == 422
    assert "请勾选同意" in phone.words
    assert "138****8000 已验证" in phone.words
    assert town.untouched()


def test_wrong_codes_are_counted_and_a_second_message_must_wait(town, phone):
    hold_first(phone)
    phone.press("获取验证码", **PERSON)
    right = town.newest_code()
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        phone.press("下一步", code=wrong)
        assert phone.status == 422
        assert "验证码不正确" in phone.words
    phone.press("下一步", code=right)
    assert "输错次数过多" in phone.words
    phone.press("获取验证码")
    assert phone.status == 429
    assert "60 秒后再试" in phone.words
    assert phone.form_with("下一步").fields["name"] == "欧阳娜娜"


def test_a_slot_that_is_no_time_asks_to_choose_one(town, phone):
    far = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
    for starts_at in ["", "morgen", "2026-03-03T01:00:00", "😀", "x" * 9000, *far]:
        phone.go(SLOTS).press("下一步", starts_at=starts_at)
        assert phone.status == 422, starts_at
        assert "请选择一个时段" in phone.words
    assert town.drafts() == 0


def test_a_slot_that_cannot_be_booked_leads_back_to_the_times(town, phone):
    refusals = [
        (build.at("09:07", TUESDAY), "没有这个时段"),
        (build.at("08:00"), "已经开始或已过"),
        (build.at("08:45"), "至少提前 30 分钟"),
        (build.at("09:00", build.date(2027, 3, 3)), "尚未开放预约"),
    ]
    for starts_at, sentence in refusals:
        phone.go(SLOTS).press("下一步", starts_at=starts_at.isoformat())
        assert phone.path.startswith(SLOTS)
        assert sentence in phone.words
    assert town.drafts() == 0


def test_a_day_that_is_none_shows_the_first_with_numbers(town, phone):
    for day in ["0001-01-01", "9999-12-31", "heute", "2026-02-30", "<b>", "😀"]:
        assert phone.go(f"{SLOTS}?day={day}").status == 200
        assert "明天 3月3日" in phone.words


ADDRESSES = [
    ("/services/none", 404),
    ("/services/none/guide", 404),
    ("/services/none/halls", 404),
    ("/services/id-card-renewal/halls/none", 404),
    ("/services/passport/halls/station", 422),
    ("/services/id-card-renewal/guide?a=reason=eaten", 422),
    ("/services/id-card-renewal/guide?a=<b>,=,😀", 200),
    ("/services?q=%3Cscript%3Ealert(1)%3C/script%3E", 200),
    ("/services?q=" + "长" * 3000, 200),
    ("/services?q=%00", 200),
    ("/services/a%00b", 404),
    ("/b/a%00b", 404),
    ("/q/a%00b", 404),
    ("/r/a%00b", 404),
    ("/services/id-card-renewal/halls/a%00b", 404),
    ("/b/unknown", 404),
    ("/b/unknown.ics", 404),
    ("/b/unknown/move", 404),
    ("/b/unknown/cancel", 404),
    ("/q/unknown", 404),
    ("/q/unknown/live", 404),
    ("/r/unknown", 404),
    ("/arrive/none", 200),
]


def test_an_address_that_leads_nowhere_says_so(phone):
    for path, status in ADDRESSES:
        phone.go(path)
        assert phone.status == status, path
        assert "<script>alert" not in phone.html
        assert "有号" in phone.words


def test_a_form_without_its_token_is_refused(town, phone):
    for path in ["/booking/who", "/booking/check", "/b/x/cancel", "/verify", SLOTS]:
        assert phone.client.post(path, data={"do": "send", "phone": "13800138000"}).status_code == 400
    assert town.drafts() == 0
    assert town.count(PhoneCode) == 0


def test_a_body_of_a_megabyte_is_refused(phone):
    answer = phone.client.post("/booking/who", data={"name": "x" * 1_000_000})
    assert answer.status_code == 413


def test_no_personal_data_stands_in_an_address(town, phone):
    hold_first(phone)
    paths = [phone.path]
    for step in (
        lambda: phone.press("获取验证码", **PERSON),
        lambda: phone.press("下一步", code=town.newest_code()),
        lambda: phone.press("确认预约"),
        lambda: phone.go("/my"),
    ):
        step()
        paths.append(phone.path)
    assert not any(secret in path for path in paths for secret in (NUMBER, "13800138000", "欧阳"))
