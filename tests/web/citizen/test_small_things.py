"""What a try-out in a browser found missing on citizens' pages."""

import pytest

from kernel import clock
from people.identity import mask
from tests import build
from tests.conftest import NOW
from tests.web.citizen.test_release_peak import RELEASED, later
from tests.web.citizen.town import LOST, NUMBER, RENEWAL, TUESDAY, book, hold_first, identify

SLOTS = f"/services/{RENEWAL}/halls/city-hall"


def test_the_first_page_leads_to_what_was_chosen(phone):
    assert "接着选或去预约" not in phone.go("/").words
    phone.go(f"/services/{RENEWAL}").press("加入一起办")
    phone.go("/").tap("接着选或去预约")
    assert phone.path == "/basket"


@pytest.mark.parametrize("way", ["waitlist", "special"])
def test_going_back_from_the_phone_leads_to_the_chosen_day(phone, way):
    phone.go(f"{SLOTS}/{way}?day={TUESDAY}&a={LOST}")
    assert phone.path.startswith("/verify")
    phone.tap("返回")
    assert phone.path.startswith(SLOTS)
    assert f"day={TUESDAY}" in phone.path
    assert "a=reason" in phone.path


def test_going_back_from_the_phone_leads_home_from_elsewhere(phone):
    assert phone.go("/my").tap("返回").path == "/"
    assert phone.go("/verify?next=/no/such/page").tap("返回").path == "/"


def test_moving_takes_the_proof_that_booking_takes(town, phone, monkeypatch):
    reference = book(town, phone)
    town.slot("10:00", on=RELEASED)
    clock.set_demo(town.parts.settings.var / "clock.json", NOW.replace(hour=0, minute=1), 0.0)
    phone.go(f"/b/{reference}/move?day={RELEASED}")
    phone.press("改到这个时间", starts_at=build.at("10:00", RELEASED).isoformat())
    assert phone.status == 428
    assert town.appointment().starts_at < build.at("00:00", RELEASED)
    phone.tap("改为排队等待")
    later(monkeypatch, 41)
    phone.refresh().press("继续占号")
    assert town.appointment().starts_at == build.at("10:00", RELEASED)


def test_ones_data_names_halls_and_services_in_english(town):
    browser = town.phone()
    book(town, browser)
    english = browser.go("/preferences?lang=en&next=/my/data")
    assert "Yunzhou Hall" in english.words
    assert "resident ID card" in english.words
    assert "Waitlist" in english.words
    assert "Standby" not in english.words


def test_the_code_of_a_moment_ago_can_be_typed_where_another_is_refused(town, phone):
    hold_first(phone).press("获取验证码", name="欧阳娜娜", number=NUMBER, phone="13800138000")
    other = town.phone().go("/verify")
    other.press("获取验证码", phone="13800138000")
    assert (other.status, "秒后再试" in other.words) == (429, True)
    other.press("下一步", phone="13800138000", code=town.newest_code())
    assert other.path.startswith("/my")


def test_a_number_is_shown_as_it_is_stored_however_it_was_typed(town, phone):
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in NUMBER.lower())
    identify(town, hold_first(phone), number=f"{wide[:6]} {wide[6:]}")
    assert mask(NUMBER) in phone.words
    assert mask(NUMBER) in phone.tap("修改信息").words
