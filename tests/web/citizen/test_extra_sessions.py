"""Sessions outside the usual hours: what they are, and where to go, on every page and in the message."""

from datetime import date, time

import pytest
from sqlalchemy import select, update

from booking.models import Appointment, Slot, WaitlistEntry
from halls.models import PlanLine
from notifications.models import Message
from notifications.render import Wording, render
from notifications.tell import booked as tell_booked
from notifications.tell import cancelled as tell_cancelled
from notifications.tell_wait import offered as tell_offered
from tests import build
from tests.conftest import NOW
from tests.web.citizen.test_waitlist import give_back, join
from tests.web.citizen.town import LOST, RENEWAL, TUESDAY, book, hold_first, identify

SATURDAY = date(2026, 3, 7)
SLOTS = f"/services/id-card-renewal/halls/city-hall?a={LOST}&day={SATURDAY}"
WORDING = Wording("有号", "https://yh.example")


def add_session(town, kind, **place):
    with town.parts.database.transaction() as session:
        session.add(
            PlanLine(
                group_id=town.group.id, on_date=SATURDAY, kind="extra", starts=time(9), ends=time(11),
                counters=1, session=kind, **place,
            )
        )  # fmt: skip
    town.slot("09:00", SATURDAY, place=place.get("place_zh", ""))
    town.slot("11:30", SATURDAY)


@pytest.fixture
def weekend(town):
    add_session(town, "weekend")


@pytest.fixture
def mobile(town):
    add_session(town, "mobile", place_zh="东岭村村委会", place_en="Dongling village office")


def test_a_weekend_session_is_named_where_the_time_is_chosen(town, phone, weekend):
    words = phone.go(SLOTS).words
    assert "09:00 到 11:00 是周末加考" in words
    assert words.count("剩 3 个 · 周末加考") == 1
    assert "周末加考" not in phone.go(SLOTS.replace(str(SATURDAY), "2026-03-03")).words


def test_a_mobile_session_says_where_to_go_until_the_end(town, phone, mobile):
    assert "流动下乡，地点：东岭村村委会。请直接到那里，不是到大厅。" in phone.go(SLOTS).words
    town.take_all("09:00"), town.take_all("09:30"), town.take_all("10:00"), town.take_all("10:30")
    hold_first(phone)
    identify(town, phone)
    assert "东岭村村委会" in phone.words
    phone.press("确认预约")
    assert "东岭村村委会" in phone.words
    reference = town.appointment().reference
    assert "东岭村村委会" in phone.go(f"/b/{reference}/slip").words
    assert "LOCATION:东岭村村委会" in phone.go(f"/b/{reference}.ics").html
    with town.parts.database.transaction() as session:
        appointment = town.appointment()
        tell_booked(session, {"appointment_id": appointment.id}, now=NOW)
        messages = session.scalars(select(Message).where(Message.template == "booked")).all()
        assert "到东岭村村委会办理" in render(session, messages[0], wording=WORDING, now=NOW)


@pytest.fixture
def village(town):
    """All numbers of Tuesday are in a village."""
    with town.parts.database.transaction() as session:
        told = {"place_zh": "东岭村村委会", "place_en": "Dongling village office"}
        session.execute(update(Slot).where(Slot.group_id == town.group.id).values(told))
        session.add(
            PlanLine(
                group_id=town.group.id, on_date=TUESDAY, kind="extra", starts=time(9), ends=time(12),
                counters=4, session="mobile", **told,
            )
        )  # fmt: skip


ON_THE_LINE = "· 流动下乡：东岭村村委会"
GO_THERE = "流动下乡，地点：东岭村村委会。请直接到那里，不是到大厅。"


def test_among_times_in_the_hall_a_village_is_told_with_its_hours(town, phone, mobile):
    town.slot("14:00", SATURDAY)
    words = phone.go(SLOTS).words
    assert f"09:00 到 11:00：{GO_THERE}" in words


def test_lists_of_times_say_which_are_in_a_village(town, phone, village):
    assert ON_THE_LINE in phone.go(f"/services/{RENEWAL}/first?a={LOST}").words
    assert ON_THE_LINE in phone.go(f"/services/{RENEWAL}/halls?a={LOST}").words
    phone.go(f"/services/{RENEWAL}/halls/city-hall?a={LOST}")
    assert "剩 3 个 · 流动下乡 " in phone.words
    assert phone.words.count(GO_THERE) == 1
    first = phone.form_with("下一步").offered["starts_at"][0]
    town.take_all("09:00")
    phone.press("下一步", starts_at=first)
    assert phone.status == 409
    assert ON_THE_LINE in phone.words
    english = town.phone("en").go(f"/services/{RENEWAL}/first?a={LOST}").words
    assert "· Mobile session: Dongling village office" in english


def test_a_basket_is_told_the_village_from_the_choice_to_the_booking(town, phone, village):
    assert ON_THE_LINE in phone.go(f"/visit/halls?s={RENEWAL},passport").words
    phone.tap("选这里的时间")
    assert GO_THERE in phone.words
    first = phone.form_with("下一步").offered["starts_at"][0]
    town.take_all("09:00")
    phone.press("下一步", starts_at=first)
    assert ON_THE_LINE in phone.words
    phone.press("09:30")
    assert (phone.path, GO_THERE in phone.words) == ("/booking/who", True)
    identify(town, phone)
    assert "东岭村村委会" in phone.words
    phone.press("确认预约")
    assert "东岭村村委会" in phone.words


def test_a_booking_in_a_village_is_told_wherever_it_is_seen_again(town, phone, village):
    reference = book(town, phone)
    assert ON_THE_LINE in phone.go("/my").words
    assert ON_THE_LINE in phone.go("/").words
    assert GO_THERE in phone.go(f"/b/{reference}/cancel").words
    assert GO_THERE in phone.go(f"/b/{reference}/move").words


def test_who_waits_is_told_that_the_number_is_in_a_village(town, phone, village):
    for clock in ("09:30", "10:00", "10:30"):
        town.take_all(clock)
    booked = book(town, town.phone())
    for _ in range(2):
        hold_first(town.phone())
    join(town, phone)
    assert "东岭村" not in phone.words
    give_back(town, booked)
    town.at("08:41")
    phone.refresh()
    assert GO_THERE in phone.words
    with town.parts.database.transaction() as session:
        waiting = session.scalars(select(WaitlistEntry)).one()
        tell_offered(session, {"entry_id": waiting.id}, now=build.at("08:41"))
        (message,) = session.scalars(select(Message).where(Message.template == "waitlist_offer"))
        said = render(session, message, wording=WORDING, now=build.at("08:41"))
    assert "10:00" not in said
    assert "09:00，流动下乡，请到东岭村村委会，为您保留到" in said


def test_a_place_of_its_own_is_told_where_the_plan_has_changed_since(town, phone, village):
    """The plan of this town knows no session: the slot does."""
    reference = book(town, phone)
    assert GO_THERE in phone.go(f"/b/{reference}").words


def test_of_two_villages_on_one_day_each_time_names_its_own(town, phone, village):
    town.slot("14:00", place="西岭村村委会")
    words = phone.go(f"/services/{RENEWAL}/halls/city-hall?a={LOST}").words
    assert (words.count("· 流动下乡：东岭村村委会"), words.count("· 流动下乡：西岭村村委会")) == (4, 1)


def test_in_the_usual_hours_nothing_is_added(town, phone, mobile):
    book(town, phone)
    assert "东岭村" not in phone.words


HALLS_OWN = ("取号机扫", "到大厅取号用", "安民路 8 号", "开放时间和路线")


def test_a_booking_in_a_village_tells_the_arrival_there_and_nothing_of_the_hall(town, phone, village):
    reference = book(town, phone)
    words = phone.go(f"/b/{reference}").words
    assert "到东岭村村委会后，出示这个二维码、取号码或证件，由工作人员签到。" in words
    assert "由云州市政务服务大厅派人到场办理" in words
    assert [each for each in HALLS_OWN if each in words] == []
    slip = phone.go(f"/b/{reference}/slip").words
    assert GO_THERE in slip
    assert "由工作人员签到" in slip
    assert [each for each in HALLS_OWN if each in slip] == []


def test_the_calendar_of_a_village_leads_there_and_says_who_checks_in(town, phone, village):
    reference = book(town, phone)
    text = phone.go(f"/b/{reference}.ics").html.replace("\r\n ", "")
    assert "LOCATION:东岭村村委会\r\n" in text
    assert "到了由工作人员签到，不用到大厅。" in text
    assert "安民路" not in text


def test_on_the_day_of_a_village_nobody_is_asked_for_the_code_of_the_hall(town, phone, village):
    reference = book(town, phone)
    town.at("08:45", TUESDAY)
    words = phone.go(f"/b/{reference}").words
    assert "到大厅了？" not in words
    phone.go("/arrive/city-hall").press("获取验证码", phone="13800138000")
    here = phone.press("下一步", code=town.newest_code()).words
    assert GO_THERE in here
    assert "我到了，签到" not in here


def test_who_was_checked_in_in_a_village_waits_there(town, phone, village):
    reference = book(town, phone)
    with town.parts.database.transaction() as session:
        session.scalars(select(Appointment)).one().state = "checked_in"
    words = phone.go(f"/b/{reference}").words
    assert "您已在东岭村村委会签到，请在那里等候工作人员叫您。" in words
    assert "等候叫号" not in words


def test_a_cancelled_booking_is_told_with_the_village_that_was_booked(town, phone, village):
    reference = book(town, phone)
    phone.go(f"/b/{reference}/cancel")
    phone.press("确定取消")
    with town.parts.database.transaction() as session:
        session.execute(update(Slot).values(place_zh="西岭村村委会", place_en="Xiling"))
        booked = session.scalars(select(Appointment)).one()
        tell_cancelled(session, {"appointment_id": booked.id, "reason": "citizen", "event_id": 1}, now=NOW)
        (message,) = session.scalars(select(Message).where(Message.template == "cancelled"))
        said = render(session, message, wording=WORDING, now=NOW)
    assert "在东岭村村委会的" in said
    words = phone.go(f"/b/{reference}").words + phone.go("/my").words
    assert ("东岭村村委会" in words, "西岭村村委会" in words) == (True, False)


def test_english_pages_of_a_village_tell_the_arrival_there(town, phone, village):
    reference = book(town, phone)
    english = town.phone("en").go(f"/b/{reference}").words
    assert "At Dongling village office show this QR code, the check-in code or your document" in english
    assert "kiosk or" not in english
