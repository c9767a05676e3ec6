"""The waitlist as a citizen meets it, with scripts off."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from booking.cancel import cancel
from booking.close import Close, close
from booking.lost_offers import take_back_offers
from booking.models import Appointment, Draft, Number, WaitlistEntry
from booking.waitlist_offers import tend
from halls.models import Closure, Hall
from kernel.actor import ANONYMOUS, SYSTEM
from tests import build
from tests.web.citizen.town import LOST, PERSON, TUESDAY, book, hold_first, identify

SLOTS = f"/services/id-card-renewal/halls/city-hall?a={LOST}"
MINE = "139 0013 9000"


@pytest.fixture
def full(town):
    """Everything is taken; the number of nine o'clock by somebody who may give it back."""
    for clock in ("09:30", "10:00", "10:30"):
        town.take_all(clock)
    other = town.phone()
    reference = book(town, other)
    for _ in range(2):
        hold_first(town.phone())
    return reference


def join(town, browser, phone=MINE):
    browser.go(SLOTS).tap("有号时通知我")
    if browser.path.startswith("/verify"):
        browser.press("获取验证码", phone=phone)
        browser.press("下一步", phone=phone, code=town.newest_code())
    return browser.press("登记候补")


def give_back(town, reference):
    with town.parts.database.transaction() as session:
        found = session.scalars(select(Appointment).where(Appointment.reference == reference)).one()
        cancel(session, found, reason="citizen", actor=ANONYMOUS, now=build.at("08:40"), fraction=0.51)


def entry(town):
    with town.parts.database.transaction() as session:
        return session.scalars(select(WaitlistEntry)).one()


def test_nothing_free_says_what_to_do_instead(town, full):
    page = town.phone().go(SLOTS)
    assert "目前约满了" in page.words
    for way in ("有号时通知我", "看看最早哪里有号", "看看其他大厅"):
        assert any(way in said for _href, said in page.page.links), page.words


ONLY_THAT_DAY = "只想要这一天"


def test_a_full_day_can_be_waited_for_while_another_has_numbers(town):
    town.slot("09:00", on=TUESDAY + timedelta(days=1))
    for clock in ("09:00", "09:30", "10:00", "10:30"):
        town.take_all(clock)
    assert ONLY_THAT_DAY in town.phone().go(f"{SLOTS}&day={TUESDAY.isoformat()}").words


def test_a_day_that_is_closed_says_why_and_has_nothing_to_wait_for(town):
    town.slot("09:00", on=TUESDAY + timedelta(days=1))
    that_day = f"{SLOTS}&day={TUESDAY.isoformat()}"
    with town.parts.database.transaction() as session:
        hall = session.get_one(Hall, town.hall.id)
        starts, ends = build.at("00:00", TUESDAY), build.at("23:59", TUESDAY)
        closing = Close(None, starts, ends, "停电")
        close(session, hall, closing, actor=SYSTEM, now=build.at("08:40"))
    page = town.phone().go(that_day)
    assert "停办：停电" in page.words
    assert ONLY_THAT_DAY not in page.words
    assert "停电" not in town.phone().go(SLOTS).words  # another day


def test_a_closed_day_says_so_to_a_visit_of_several_services_too(town):
    town.slot("09:00", on=TUESDAY + timedelta(days=1))
    several = f"/visit/halls/city-hall?s=id-card-renewal,passport&a=id-card-renewal:{LOST}"
    that_day = f"{several}&day={TUESDAY.isoformat()}"
    with town.parts.database.transaction() as session:
        hall = session.get_one(Hall, town.hall.id)
        closing = Close(None, build.at("00:00", TUESDAY), build.at("23:59", TUESDAY), "停电")
        close(session, hall, closing, actor=SYSTEM, now=build.at("08:40"))
    page = town.phone().go(that_day)
    assert "停办：停电" in page.words
    assert ONLY_THAT_DAY not in page.words
    assert "停电" not in town.phone().go(several).words  # another day


def test_where_every_day_is_closed_nobody_reads_that_it_is_full_or_is_sent_to_the_kiosk(town):
    with town.parts.database.transaction() as session:
        hall = session.get_one(Hall, town.hall.id)
        starts, ends = build.at("08:30"), build.at("00:00", TUESDAY + timedelta(days=30))
        closing = Close(None, starts, ends, "搬迁")
        close(session, hall, closing, actor=SYSTEM, now=build.at("08:30"))
    for page in (SLOTS, "/visit/halls/city-hall?s=id-card-renewal"):
        words = town.phone().go(page).words
        assert "目前没有号" in words, page
        assert "停办：搬迁" in words, page
        assert "停办的时候也不能现场取号" in words, page
        assert "约满" not in words.replace("您选的时段刚刚约满", ""), page
        assert "到大厅现场取号" not in words, page


def test_a_day_that_is_over_has_nothing_to_wait_for(town):
    town.slot("09:00", on=TUESDAY + timedelta(days=1))
    town.at("10:29", on=TUESDAY)
    page = town.phone().go(f"{SLOTS}&day={TUESDAY.isoformat()}")
    assert ONLY_THAT_DAY not in page.words


def test_a_citizen_waits_is_offered_a_number_and_books_it(town, full):
    browser = join(town, town.phone())
    assert re.fullmatch(r"/w/[A-Za-z0-9_-]{22}", browser.path), browser.words
    assert "候补中" in browser.words
    assert "前面还有0 人" in browser.words
    give_back(town, full)
    town.at("08:41")
    browser.refresh()
    assert "有号了" in browser.words
    assert "09:00" in browser.words
    browser.press("我要这个号")
    assert browser.path == "/booking/who"
    assert "09:00–09:30" in browser.words
    browser.press("下一步", **(PERSON | {"phone": ""}))
    browser.press("确认预约")
    assert browser.path.startswith("/b/"), browser.words
    assert "您已约到号" in browser.go(f"/w/{entry(town).reference}").words


def test_who_had_a_number_that_the_hall_took_back_is_not_told_to_have_been_late(town, full):
    browser = join(town, town.phone())
    give_back(town, full)
    town.at("08:41")
    browser.refresh()
    with town.parts.database.transaction() as session:
        token = session.get_one(Draft, entry(town).draft_id).token_hash
        assert take_back_offers(session, [token], now=build.at("08:41")) == 1
    browser.press("我要这个号")
    assert browser.path == f"/w/{entry(town).reference}"
    assert "大厅停办了那个时段" in browser.words
    assert "候补中" in browser.words
    assert "过了保留时间" not in browser.words


def test_who_presses_while_the_hall_is_closing_is_not_told_to_have_been_late_either(town, full):
    browser = join(town, town.phone())
    give_back(town, full)
    town.at("08:41")
    browser.refresh()
    with town.parts.database.transaction() as session:
        hall_id = session.get_one(Draft, entry(town).draft_id).hall_id
        time = {"starts_at": build.at("08:00", TUESDAY), "ends_at": build.at("09:30", TUESDAY)}
        session.add(Closure(hall_id=hall_id, group_id=None, reason_zh="停电", reason_en="", **time))
        session.execute(delete(Number).where(Number.hold_token.is_not(None), Number.hall_id == hall_id))
    browser.press("我要这个号")
    assert browser.path == f"/w/{entry(town).reference}"
    assert "大厅停办了这个时段" in browser.words
    assert "过了保留时间" not in browser.words


def test_the_wait_is_among_my_bookings_and_can_be_left(town, full):
    browser = join(town, town.phone())
    browser.go("/my")
    assert "候补中" in browser.words
    browser.tap("前面还有 0 人").press("退出候补")
    assert "已退出" in browser.words
    assert entry(town).state == "left"
    give_back(town, full)
    assert entry(town).state == "left"


def test_joining_again_leads_to_the_place_one_has(town, full):
    browser = join(town, town.phone())
    page = browser.path
    assert browser.go(SLOTS).tap("有号时通知我").path == page


def test_a_late_press_is_told_that_the_number_has_gone_on(town, full):
    browser = join(town, town.phone())
    give_back(town, full)
    town.at("08:41")
    browser.refresh()
    with town.parts.database.transaction() as session:
        tend(session, now=build.at("09:05"))
        tend(session, now=build.at("09:30"))
    town.at("09:31")
    browser.press("我要这个号")
    assert browser.path.startswith("/w/")
    assert "已经过了保留时间" in browser.words


def test_looking_at_the_link_takes_nothing(town, full):
    browser = join(town, town.phone())
    give_back(town, full)
    town.at("08:41")
    stranger = town.phone().go(browser.path)
    assert stranger.status == 200
    assert "hold=" not in (stranger.answer.headers.get("Set-Cookie") or "")
    assert stranger.go("/booking/who").status == 404


def test_the_page_of_a_wait_shows_no_phone(town, full):
    browser = join(town, town.phone())
    assert "13900139000" not in browser.html
    assert "139****9000" not in browser.html


def test_unknown_waits_are_not_found(town):
    assert town.phone().go("/w/AAAAAAAAAAAAAAAAAAAAAA").status == 404


@pytest.mark.parametrize(
    "days", [("", ""), ("2026-03-05", "2026-03-04"), ("x", "y"), ("2020-01-01", "2099-01-01")]
)
def test_impossible_days_are_refused_with_a_sentence(town, full, days):
    browser = town.phone()
    join(town, browser)
    browser.press("退出候补")
    browser.go(SLOTS).tap("有号时通知我")
    browser.press("登记候补", first_on=days[0], last_on=days[1])
    assert browser.status in {409, 422}
    assert "请先改正" in browser.words


def test_free_days_need_no_waiting(town):
    browser = town.phone()
    hold_first(browser)
    identify(town, browser)
    browser.go(f"/services/id-card-renewal/halls/city-hall/waitlist?a={LOST}")
    browser.press("登记候补", first_on=TUESDAY.isoformat(), last_on=TUESDAY.isoformat())
    assert browser.status == 409
    assert "不用候补" in browser.words
