"""Slips, short addresses and posters."""

from dataclasses import replace

from catalog.guide import Material
from tests.web.citizen.town import LOST, NUMBER, RENEWAL, TUESDAY, book
from web.citizen.in_short import all_in_short, in_short
from web.qr import qr


def test_a_slip_holds_all_that_is_needed_and_nobodys_name(town, phone):
    reference = book(town, phone)
    booked = town.appointment()
    phone.tap("打印凭条")
    assert phone.path == f"/b/{reference}/slip"
    assert f"{booked.code[:3]} {booked.code[3:]}" in phone.words
    for told in ("3月3日 周二", "09:00–09:30", "安民路 8 号", "居民户口簿", "欧**"):
        assert told in phone.words
    assert "<svg" in phone.html
    for secret in ("欧阳娜娜", NUMBER, "13800138000"):
        assert secret not in phone.html
    assert phone.go("/b/nobodys-reference-here/slip").status == 404


def test_slip_and_calendar_say_of_each_paper_what_the_checklist_says(town, phone):
    reference = book(town, phone)
    assert "居民户口簿（如有电子证照可免交）" in phone.go(f"/b/{reference}/slip").words
    calendar = phone.go(f"/b/{reference}.ics").html.replace("\r\n ", "")
    assert "居民户口簿（如有电子证照可免交）" in calendar


def test_a_paper_in_short_names_copies_and_what_may_stay_at_home(town):
    plain = Material("p", "甲证", "Paper", 0, True, False, False, "", "")
    with town.app.test_request_context():
        assert in_short(plain, {}) == "甲证"
        assert in_short(replace(plain, copies=2), {}) == "甲证（原件，加 2 份复印件）"
        assert in_short(replace(plain, copies=1, original=False), {}) == "甲证（1 份复印件）"
        later = replace(plain, waivable=True, deferrable=True, licence="a")
        assert in_short(later, {}) == "甲证（如有电子证照可免交；可以后补）"
        assert in_short(later, {"a": None}) == "甲证（免交，系统已有）"
        assert in_short(replace(plain, licence="a"), {"a": None}) == "甲证"
        assert all_in_short([plain, later, plain], {}) == ["甲证", "甲证（如有电子证照可免交；可以后补）"]


def test_short_addresses_lead_to_the_page(phone):
    assert phone.go(f"/s/{RENEWAL}").path == f"/services/{RENEWAL}"
    phone.go(f"/h/city-hall/{RENEWAL}?day={TUESDAY.isoformat()}&a={LOST}")
    assert phone.path.startswith(f"/services/{RENEWAL}/halls/city-hall")
    assert f"day={TUESDAY.isoformat()}" in phone.path
    assert "下一步" in phone.words
    assert phone.go(f"/h/city-hall/{RENEWAL}?day=yesterday").status == 200


def test_short_addresses_of_what_is_gone_say_so(phone):
    for path in ("/s/nothing", "/h/city-hall/nothing", f"/h/nowhere/{RENEWAL}", "/h/station/passport"):
        assert phone.go(path).status == 404
    assert "不办这个事项" in phone.words


def test_a_poster_carries_the_short_address(phone):
    phone.go(f"/h/city-hall/{RENEWAL}/poster")
    assert f"/h/city-hall/{RENEWAL}" in phone.words
    assert "<svg" in phone.html
    assert "扫码预约" in phone.words


def test_a_poster_in_the_hall_leads_who_booked_to_the_check_in_by_phone(phone):
    phone.go("/arrive/city-hall/poster")
    address = next(word for word in phone.words.split() if word.endswith("/arrive/city-hall"))
    assert str(qr(address)) in phone.html
    assert "云州市政务服务大厅" in phone.words
    assert "签到码" in phone.words
    assert phone.go("/arrive/nowhere/poster").status == 404
