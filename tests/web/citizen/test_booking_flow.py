import re

from booking.models import Appointment
from kernel.crypto import cipher
from people.models import Citizen
from tests import build
from tests.web.citizen.town import LOST, NUMBER, PERSON, TUESDAY, book, hold_first, identify


def test_a_citizen_books_from_their_own_words_with_scripts_off(town, phone):
    phone.go("/").press("搜索", q="身份证丢了")
    phone.tap("居民身份证补领").tap("开始")
    phone.tap("丢了或被偷了").tap("在本省").tap("满 16 周岁")
    assert "居民户口簿" in phone.words
    assert "为什么要带：没有旧证" in phone.words
    phone.tap("选大厅和时间")
    assert "还有 12 个号" in phone.words
    assert "明天 3月3日 周二 09:00" in phone.words
    phone.tap("选这里的时间")
    first = phone.form_with("下一步").offered["starts_at"][0]
    phone.press("下一步", starts_at=first)
    assert phone.path == "/booking/who"
    phone.press("获取验证码", **PERSON)
    assert "验证码已发送到 138****8000" in phone.words
    phone.press("下一步", **(PERSON | {"code": town.newest_code()}))
    assert phone.path == "/booking/check"
    assert "欧阳娜娜" in phone.words
    phone.press("确认预约")
    assert re.fullmatch(r"/b/[A-Za-z0-9_-]{22}", phone.path)
    assert "预约成功" in phone.words
    booked = town.appointment()
    assert booked.starts_at == build.at("09:00", TUESDAY)
    assert booked.answers == {"reason": "lost", "residence": "local", "age": "adult"}
    assert f"{booked.code[:3]} {booked.code[3:]}" in phone.words
    assert "<svg" in phone.html
    assert "居民户口簿" in phone.words


def test_nobody_is_asked_who_they_are_before_a_slot_is_chosen(town, phone):
    for path in ("/", "/services", "/services/id-card-renewal", "/services/id-card-renewal/halls"):
        assert 'name="phone"' not in phone.go(path).html
    page = phone.go("/services/id-card-renewal/halls/city-hall")
    assert page.status == 200
    assert 'name="phone"' not in page.html
    assert phone.go("/booking/who").status == 404
    assert "还没有选好时段" in phone.words


def test_pages_are_read_in_english(town):
    phone = town.phone("en").go("/services/id-card-renewal")
    assert '<html lang="en"' in phone.html
    assert "Replace or renew a resident ID card" in phone.words
    phone.go(f"/services/id-card-renewal/halls?a={LOST}")
    assert "Yunzhou Hall" in phone.words
    assert "Lost card, household in this province" in phone.words


def test_the_persons_number_is_never_shown_again_in_full(town, phone):
    hold_first(phone)
    phone.press("获取验证码", **PERSON)
    assert NUMBER not in phone.html
    assert f"{NUMBER[:3]}*" in phone.words
    phone.press("下一步", number="", code=town.newest_code())
    assert NUMBER not in phone.html
    phone.go("/booking/who")
    assert NUMBER not in phone.html
    phone.go("/booking/check").press("确认预约")
    assert NUMBER not in phone.html
    assert "欧阳娜娜" not in phone.words
    assert "欧**" in phone.words


def test_what_was_filled_in_survives_refresh_back_and_a_closed_page(town, phone):
    hold_first(phone)
    phone.press("下一步", name="欧阳娜娜", phone="13800138000", kind="resident_id", number="")
    phone.go("/services").go("/booking/who")
    assert phone.form_with("下一步").fields["name"] == "欧阳娜娜"
    assert phone.form_with("下一步").fields["phone"] == "13800138000"


def test_choosing_another_slot_keeps_the_form_and_gives_the_first_back(town, phone):
    hold_first(phone)
    phone.press("获取验证码", **PERSON)
    phone.tap("重选时间")
    second = phone.form_with("下一步").offered["starts_at"][1]
    phone.press("下一步", starts_at=second)
    assert phone.form_with("下一步").fields["name"] == "欧阳娜娜"
    assert "还有 11 个号" in town.phone().go(f"/services/id-card-renewal/halls?a={LOST}").words


def test_a_slot_taken_meanwhile_offers_the_nearest_by_one_tap(town, phone):
    phone.go(f"/services/id-card-renewal/halls/city-hall?a={LOST}")
    town.take_all("09:00")
    phone.press("下一步", starts_at=build.at("09:00", TUESDAY).isoformat())
    assert phone.status == 409
    assert "刚刚约满" in phone.words
    phone.press("09:30")
    assert phone.path == "/booking/who"
    assert "09:30–10:00" in phone.words


def test_the_page_of_a_full_slot_shows_it_as_full(town, phone):
    town.take_all("09:00")
    phone.go("/services/id-card-renewal/halls/city-hall")
    assert build.at("09:00", TUESDAY).isoformat() not in phone.form_with("下一步").offered["starts_at"]
    assert "约满" in phone.words


def test_the_live_slots_cost_nothing_while_unchanged(town, phone):
    url = "/services/id-card-renewal/halls/city-hall/live?day=2026-03-03"
    first = phone.client.get(url)
    assert 'id="slots"' in first.text
    again = phone.client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    town.take_all("09:00")
    assert phone.client.get(url, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_a_hold_that_ran_out_still_books_while_the_number_is_free(town, phone):
    hold_first(phone)
    identify(town, phone)
    town.at("08:45")
    assert "保留时间已到" in phone.refresh().words
    phone.press("确认预约")
    assert "预约成功" in phone.words


def test_a_hold_that_was_lost_keeps_the_form_and_leads_back_to_the_times(town, phone):
    hold_first(phone)
    identify(town, phone)
    town.at("08:45")
    town.take_all("09:00")
    phone.press("确认预约")
    assert phone.status == 409
    assert "号没有保住" in phone.words
    assert town.untouched()
    phone.tap("选别的时间")
    first = phone.form_with("下一步").offered["starts_at"][0]
    phone.press("下一步", starts_at=first)
    assert phone.form_with("下一步").fields["name"] == "欧阳娜娜"


def test_pressing_confirm_twice_books_once(town, phone):
    hold_first(phone)
    identify(town, phone)
    form = phone.form_with("确认预约")
    first = phone.client.post("/booking/check", data=form.fields)
    second = phone.client.post("/booking/check", data=form.fields)
    assert first.location == second.location
    assert town.count() == 1
    assert phone.go("/booking/who").path == first.location


def test_a_verified_phone_books_again_without_another_code(town, phone):
    book(town, phone)
    town.slot("09:00", build.date(2026, 3, 4))
    phone.go(f"/services/id-card-renewal/halls/city-hall?day=2026-03-04&a={LOST}")
    phone.press("下一步", starts_at=phone.form_with("下一步").offered["starts_at"][0])
    assert "138****8000 已验证" in phone.words
    phone.press("下一步", **{key: PERSON[key] for key in ("name", "kind", "number", "agree")})
    phone.press("确认预约")
    assert town.count() == 2


def test_another_phone_can_be_given(town, phone):
    book(town, phone)
    hold_first(phone)
    phone.press("换一个手机号")
    assert "已验证" not in phone.words
    assert phone.form_with("获取验证码").fields["phone"] == ""


def test_a_second_booking_of_the_day_is_refused_on_the_check_page(town, phone):
    book(town, phone)
    other = town.phone()
    hold_first(other)
    town.at("08:32")
    identify(town, other).press("确认预约")
    assert other.status == 409
    assert "当天已有同类业务的预约" in other.words
    assert "确认预约" not in other.words  # it would be refused again
    assert "重选时间" in other.words
    assert 'href="/my">去改期或取消原预约' in other.html
    assert town.count() == 1


def test_what_is_stored_is_sealed(town, phone):
    book(town, phone)
    with town.parts.database.transaction() as session:
        citizen = session.query(Citizen).one()
        booked = session.query(Appointment).one()
    assert cipher().decrypt(citizen.number_sealed, "citizen.number") == NUMBER
    assert NUMBER.encode() not in citizen.number_sealed
    assert b"8613800138000" not in booked.phone_sealed


def test_an_unusual_foreign_number_warns_and_never_blocks(town, phone):
    hold_first(phone)
    identify(town, phone, kind="passport_foreign", number="A123456789012", name="Anna Karenina")
    assert "格式少见" in phone.words
    phone.press("确认预约")
    assert phone.path.startswith("/b/")
