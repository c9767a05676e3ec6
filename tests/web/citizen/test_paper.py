"""Slips, short addresses and posters."""

from tests.web.citizen.town import LOST, NUMBER, RENEWAL, TUESDAY, book


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
