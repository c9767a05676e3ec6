from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from booking.close import Close, close
from booking.models import Number
from booking.turns import stop_moves
from halls.models import Hall
from kernel.actor import SYSTEM
from people import devices
from queueing.arrival_code import arrival_code
from tests import build
from tests.booking.test_turns import wait_until_somebody_waits
from tests.web.citizen.town import TUESDAY, WEDNESDAY, book
from web.limits import RULES


def test_a_booking_is_cancelled_by_one_press(town, phone):
    reference = book(town, phone)
    phone.press("取消预约")
    assert phone.path == f"/b/{reference}"
    assert "预约已取消" in phone.words
    assert "已取消" in phone.words
    assert town.appointment().state == "cancelled"
    assert "重新预约" in phone.words
    assert "确定取消" not in phone.go(f"{phone.path}/cancel").words


def test_a_cancellation_is_taken_back_by_one_press_for_two_minutes(town, phone):
    book(town, phone)
    before = town.appointment()
    phone.press("取消预约")
    assert "08:32:00 前可以撤销" in phone.words
    town.at("08:31")
    phone.press("撤销取消")
    assert "已撤销取消，预约照旧" in phone.words
    after = town.appointment()
    assert (after.state, after.reference, after.code) == ("booked", before.reference, before.code)
    assert "可以撤销" not in phone.refresh().words
    phone.press("取消预约")
    town.at("08:33")
    phone.press("撤销取消")
    assert phone.status == 409
    assert "没有撤销" in phone.words
    assert "可以撤销的时间已过" in phone.words
    assert town.appointment().state == "cancelled"


def test_who_has_booked_anew_is_told_why_it_stays_cancelled(town, phone):
    book(town, phone)
    phone.press("取消预约")
    town.at("08:31")
    book(town, town.phone())
    phone.press("撤销取消")
    assert phone.status == 409
    assert "您当天已有同类业务的预约" in phone.words


def test_taking_cancellations_back_is_counted_with_tries_to_book(town, phone):
    book(town, phone)
    for _ in range(RULES["book.pair"].most - 1):
        phone.press("取消预约").press("撤销取消")
        assert "已撤销取消" in phone.words
    phone.press("取消预约").press("撤销取消")
    assert phone.status == 429
    assert "操作次数已达上限" in phone.words
    assert town.appointment().state == "cancelled"


def test_only_a_press_cancels(town, phone):
    """Programs that look at the links of messages ask for pages."""
    reference = book(town, phone)
    for path in (f"/b/{reference}", f"/b/{reference}/cancel", f"/b/{reference}/undo-cancel"):
        for method in ("get", "head", "options"):
            getattr(phone.client, method)(path)
    assert town.appointment().state == "booked"
    phone.go(f"/b/{reference}/cancel").press("确定取消")
    assert town.appointment().state == "cancelled"


def test_a_booking_is_cancelled_by_one_press_in_the_list(town, phone):
    reference = book(town, phone)
    phone.go("/my").press("取消预约")
    assert phone.path == f"/b/{reference}"
    assert "撤销取消" in phone.words
    assert "取消预约" not in phone.go("/my").words


def test_a_press_on_a_page_that_has_become_late_asks_first(town, phone):
    book(town, phone)
    town.at("08:30", TUESDAY)
    phone.press("取消预约")
    assert "现在取消算一次爽约" in phone.words
    assert town.appointment().state == "booked"
    phone.press("确定取消")
    assert town.appointment().state == "cancelled"
    assert "撤销取消" not in phone.words


def test_in_the_list_too_a_late_cancellation_says_first_what_it_costs(town, phone):
    town.at("08:05", TUESDAY)
    book(town, phone)
    phone.go("/my").tap("取消预约")
    assert "现在取消算一次爽约" in phone.words
    assert town.appointment().state == "booked"


def test_a_late_cancellation_says_what_it_costs_before_the_button(town, phone):
    book(town, phone)
    town.at("08:30", TUESDAY)
    phone.refresh().tap("取消预约")
    assert "现在取消算一次爽约" in phone.words


def test_a_late_move_says_before_the_button_what_cancelling_then_costs(town, phone):
    book(town, phone)
    town.slot("14:00", WEDNESDAY)
    assert "爽约" not in phone.tap("改期").words
    town.at("08:30", TUESDAY)
    phone.refresh().tap("3月4日")
    assert "以后再取消这个预约，不论多早都算一次爽约" in phone.words
    phone.press("改到这个时间", starts_at=build.at("14:00", WEDNESDAY).isoformat())
    phone.tap("取消预约")
    assert "临近开始时改期的，现在取消算一次爽约" in phone.words


def test_a_booking_that_has_begun_cannot_be_cancelled(town, phone):
    book(town, phone)
    town.at("09:05", TUESDAY)
    phone.press("取消预约")
    assert phone.status == 409
    assert town.appointment().state == "booked"


def test_a_booking_moves_and_keeps_its_address_and_code(town, phone):
    reference = book(town, phone)
    before = town.appointment()
    town.slot("14:00", WEDNESDAY)
    phone.tap("改期").tap("3月4日")
    phone.press("改到这个时间", starts_at=build.at("14:00", WEDNESDAY).isoformat())
    assert "预约已改期" in phone.words
    assert phone.path == f"/b/{reference}"
    assert town.appointment().starts_at == build.at("14:00", WEDNESDAY)
    assert town.appointment().reference == before.reference


def test_who_moves_on_the_page_waits_for_the_hall_and_keeps_no_number_meanwhile(town, phone):
    """A hall that is closing waits for the numbers: of two who wait for each other one would be ended."""
    book(town, phone)
    town.slot("14:00", WEDNESDAY)
    phone.tap("改期").tap("3月4日")
    with ThreadPoolExecutor(1) as pool:
        with town.parts.database.transaction() as session:
            stop_moves(session, town.hall.id)
            wanted = build.at("14:00", WEDNESDAY)
            moving = pool.submit(phone.press, "改到这个时间", starts_at=wanted.isoformat())
            wait_until_somebody_waits(town.parts.database)
            session.execute(select(Number.id).with_for_update(nowait=True))
        moving.result()
    assert "预约已改期" in phone.words
    assert town.appointment().starts_at == wanted


def test_moving_to_a_slot_that_was_just_taken_keeps_the_old_one(town, phone):
    book(town, phone)
    phone.tap("改期")
    town.take_all("09:30")
    phone.press("改到这个时间", starts_at=build.at("09:30", TUESDAY).isoformat())
    assert phone.status == 409
    assert "刚刚约满" in phone.words
    assert town.appointment().starts_at == build.at("09:00", TUESDAY)


def test_moving_without_a_choice_asks_for_one(town, phone):
    book(town, phone)
    phone.tap("改期").press("改到这个时间")
    assert phone.status == 422
    assert "请选择一个时段" in phone.words


def test_a_cancelled_booking_cannot_move(town, phone):
    reference = book(town, phone)
    phone.press("取消预约")
    assert phone.go(f"/b/{reference}/move").path == f"/b/{reference}"


def test_the_calendar_file_is_one_that_calendars_read(town, phone):
    reference = book(town, phone)
    answer = phone.client.get(f"/b/{reference}.ics")
    assert answer.content_type == "text/calendar; charset=utf-8"
    lines = answer.text.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert "DTSTART:20260303T010000Z" in lines
    assert all(len(line.encode()) <= 75 for line in lines)
    unfolded = answer.text.replace("\r\n ", "")
    assert "SUMMARY:居民身份证补领、换领" in unfolded
    assert town.appointment().code in unfolded
    assert "欧阳" not in unfolded


def calendar(phone, reference):
    """The properties of the entry, the last of a name; those of the reminder are left out."""
    entry = phone.client.get(f"/b/{reference}.ics").text.replace("\r\n ", "").partition("BEGIN:VALARM")[0]
    return dict(line.split(":", 1) for line in entry.split("\r\n") if line)


def test_the_calendar_file_follows_what_becomes_of_the_booking(town, phone):
    reference = book(town, phone)
    town.slot("14:00", WEDNESDAY)
    made = calendar(phone, reference)
    assert (made["SEQUENCE"], made["STATUS"]) == ("0", "CONFIRMED")
    assert made["DTSTAMP"] == made["LAST-MODIFIED"] == "20260302T003000Z"

    town.at("10:00")
    phone.tap("改期").tap("3月4日").press("改到这个时间", starts_at=build.at("14:00", WEDNESDAY).isoformat())
    moved = calendar(phone, reference)
    assert (moved["UID"], moved["SEQUENCE"], moved["STATUS"]) == (made["UID"], "1", "CONFIRMED")
    assert moved["DTSTAMP"] == moved["LAST-MODIFIED"] == "20260302T020000Z"
    assert moved["DTSTART"] == "20260304T060000Z"

    town.at("11:00")
    phone.go(f"/b/{reference}").press("取消预约")
    ended = calendar(phone, reference)
    assert (ended["UID"], ended["SEQUENCE"], ended["STATUS"]) == (made["UID"], "2", "CANCELLED")
    assert ended["DTSTAMP"] == ended["LAST-MODIFIED"] == "20260302T030000Z"
    assert "BEGIN:VALARM" not in phone.client.get(f"/b/{reference}.ics").text

    town.at("11:01")
    phone.press("撤销取消")
    back = calendar(phone, reference)
    assert (back["UID"], back["SEQUENCE"], back["STATUS"]) == (made["UID"], "3", "CONFIRMED")
    assert back["DTSTAMP"] == "20260302T030100Z"
    assert back["DTSTART"] == "20260304T060000Z"


def test_the_calendar_file_follows_a_hall_that_moves_the_booking(town, phone):
    reference = book(town, phone)
    town.slot("14:00", WEDNESDAY)
    town.at("10:00")
    with town.parts.database.transaction() as session:
        hall = session.get_one(Hall, town.hall.id)
        shut = Close(None, build.at("08:00", TUESDAY), build.at("20:00", TUESDAY), "停电")
        close(session, hall, shut, actor=SYSTEM, now=build.at("10:00"))
    moved = calendar(phone, reference)
    assert (moved["SEQUENCE"], moved["DTSTAMP"]) == ("1", "20260302T020000Z")
    assert moved["DTSTART"] == "20260304T060000Z"


def test_my_bookings_need_the_phone_first(town, phone):
    book(town, phone)
    other = town.phone()
    other.go("/my")
    assert other.path == "/verify?next=/my"
    town.at("08:35")
    other.press("获取验证码", phone="13800138000")
    assert other.form_with("下一步").fields["phone"] == "13800138000"
    wrong = "000000" if town.newest_code() != "000000" else "111111"
    other.press("下一步", code=wrong)
    assert other.status == 422
    assert "13800138000" in other.html
    other.press("下一步", code=town.newest_code())
    assert other.path == "/my"
    assert "明天 3月3日 周二 09:00" in other.words
    assert "明天 3月3日 周二 09:00" in other.go("/").words


def test_a_phone_without_bookings_is_told_so(town, phone):
    book(town, phone, phone="13900139000")
    assert "明天 3月3日" in phone.go("/my").words
    other = town.phone().go("/my").press("获取验证码", phone="13800138000")
    other.press("下一步", code=town.newest_code())
    assert "没有将要办的预约" in other.words


def test_leaving_forgets_the_phone(town, phone):
    book(town, phone)
    phone.go("/my").press("退出")
    assert phone.path == "/"
    assert "下一个预约" not in phone.words
    assert phone.go("/my").path == "/verify?next=/my"
    assert phone.go("/booking/who").status == 404


def test_the_way_back_stays_on_this_site(town, phone):
    elsewhere = ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"]
    for target in elsewhere:
        phone.go("/").client.get("/verify", query_string={"next": target})
        assert phone.go(f"/verify?next={target}").form_with("获取验证码").fields["next"] == ""
    phone.press("获取验证码", phone="13800138000", next=elsewhere[0])
    phone.press("下一步", code=town.newest_code(), next=elsewhere[1])
    assert phone.path == "/my"


def test_checking_in_by_phone_needs_the_halls_code_of_today(town, phone):
    reference = book(town, phone)
    assert "我到了" not in phone.words
    town.at("08:40", TUESDAY)
    phone.refresh()
    phone.press("我到了", code="12 34")
    assert phone.status == 422
    assert "签到码不正确" in phone.words
    assert town.appointment().state == "booked"
    phone.press("我到了", code=arrival_code(town.hall.id, TUESDAY))
    assert phone.path.startswith("/q/")
    assert "下一位就是您" in phone.words
    assert town.appointment().state == "checked_in"
    phone.go(f"/b/{reference}").tap("看排到哪了")
    assert phone.path.startswith("/q/")


def test_the_posters_page_lists_todays_bookings(town, phone):
    book(town, phone)
    assert "今天在本大厅没有预约" in phone.go("/arrive/city-hall").words
    town.at("08:40", TUESDAY)
    phone.go("/arrive/city-hall")
    assert phone.path.startswith("/verify")
    phone.press("获取验证码", phone="13800138000").press("下一步", code=town.newest_code())
    assert phone.path == "/arrive/city-hall"
    phone.tap("我到了")
    assert "签到码" in phone.words


def test_the_screen_shows_the_code_that_the_page_asks_for(town, phone):
    with town.parts.database.transaction() as session:
        facts = {"actor": SYSTEM, "now": build.at("08:00")}
        _row, secret = devices.enrol(session, kind="display", hall_id=town.hall.id, name="北墙", **facts)
    assert arrival_code(town.hall.id, build.TODAY) in phone.go(f"/my-screen/start?device={secret}").words
