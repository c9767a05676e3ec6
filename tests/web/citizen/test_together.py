"""Several services in one visit, with scripts off: one checklist, one time, one booking."""

import re

import pytest
from sqlalchemy import select, update

from booking import doctor
from booking.models import Appointment, Draft, Number, SpecialRequest
from booking.waitlist_offers import tend
from catalog.edit import offer, save_packages, save_services
from catalog.package_file import PackageRow
from kernel.actor import SYSTEM
from tests import build
from tests.catalog.city import SERVICES
from tests.conftest import NOW
from tests.web.citizen.test_sizes import KILO, weight
from tests.web.citizen.town import PERSON, RENEWAL, TUESDAY, WEDNESDAY

BOTH = f"{RENEWAL},passport"


@pytest.fixture
def lines(town):
    """The passport has a line of its own in the city hall; the station only renews cards."""
    with town.parts.database.transaction() as session:
        line = build.make_group(session, town.hall, "B", name_zh="出入境", name_en="Exit and entry")
        build.make_plan(session, line)
        offers = {RENEWAL: town.group.id, "passport": line.id}
        offer(session, town.hall.id, offers, actor=SYSTEM, now=NOW)
    for half_hour in ("09:00", "09:30", "10:00", "10:30", "11:00"):
        town.slot(half_hour, numbers=2, group=line)
    return line


def collect(phone):
    for code in (RENEWAL, "passport"):
        phone.go(f"/services/{code}").press("加入一起办")
    return phone


def hold(phone, start=0):
    phone.tap("选这里的时间")
    phone.press("下一步", starts_at=phone.form_with("下一步").offered["starts_at"][start])
    return phone


def book(town, phone):
    phone.press("获取验证码", **PERSON)
    phone.press("下一步", **(PERSON | {"code": town.newest_code()}))
    return phone.press("确认预约")


def test_books_a_basket_over_two_lines_with_one_list_and_one_reference(town, lines, phone):
    collect(phone)
    assert phone.path == "/basket"
    phone.tap("下一步：看要带什么")
    assert "第 1 项，共 2 项" in phone.words
    phone.tap("丢了或被偷了").tap("在本省").tap("满 16 周岁")
    assert "一张清单，一起办" in phone.words
    assert "<strong>居民身份证</strong>" not in phone.html  # it is the one that was lost
    assert "居民身份证您手头没有，不用带" in phone.words
    phone.tap("选大厅和时间")
    assert "先后到 2 类窗口，一个号办完" in phone.words
    assert "溪湖派出所" not in phone.words
    hold(phone)
    assert phone.path == "/booking/who"
    book(town, phone)
    booked = town.appointment()
    assert booked.starts_at == build.at("09:00", TUESDAY)
    assert [leg["group_id"] for leg in booked.legs] == [town.group.id, lines.id]
    assert booked.answers[f"{RENEWAL}.reason"] == "lost"
    assert "先后到" in phone.words
    assert "出入境" in phone.words
    phone.go(f"/b/{booked.reference}/slip")
    assert "09:00 户政" in phone.words or "先后到" in phone.words
    assert phone.words.count("居民户口簿") == 1
    assert "还没有选事项" in phone.go("/basket").words
    with town.parts.database.transaction() as session:
        assert doctor.check(session) == []


def test_a_service_can_be_taken_out_again_and_one_is_not_put_in_twice(lines, phone):
    collect(phone)
    phone.go("/services/passport").press("加入一起办")
    assert phone.words.count("普通护照") >= 1
    assert "合计约" in phone.words
    phone.press("去掉普通护照")
    assert "再加一项" in phone.words
    assert "只约这一项" in phone.words


def test_a_basket_holds_five(city, phone):
    codes = list(SERVICES)[:6]
    for code in codes[:5]:
        phone.go(f"/services/{code}").press("加入一起办")
    phone.go(f"/services/{codes[5]}").press("加入一起办")
    assert phone.status == 422
    assert "最多一起办 5 项" in phone.words
    assert phone.go("/visit?s=" + ",".join(codes)).status == 422
    assert phone.go("/visit").status == 422
    assert phone.go("/visit?s=nothing").status == 404


@pytest.fixture
def city(town):
    with town.parts.database.transaction() as session:
        save_services(session, list(SERVICES.values()), actor=SYSTEM, now=NOW)
        rows = [
            PackageRow(
                "both", "两件事", "Both", "一起办", "Together", "", "", (RENEWAL, "passport"), ("两件事",)
            )
        ]
        save_packages(session, rows, actor=SYSTEM, now=NOW)
    return town


def test_a_package_is_booked_by_one_button(city, lines, phone):
    phone.go("/packages/both").tap("一次办好").tap("材料我清楚，直接选时间")
    hold(phone)
    assert phone.path == "/booking/who"
    assert "居民身份证" in phone.words
    book(city, phone)
    assert "等 2 项" in phone.go("/my").words
    assert len(city.appointment().legs) == 2


def test_halls_that_handle_a_part_are_named_where_none_handles_everything(city, phone):
    other = next(code for code in SERVICES if code not in (RENEWAL, "passport"))
    phone.go(f"/visit/halls?s={RENEWAL},passport,{other}")
    assert "没有一个大厅能把这几项都办完" in phone.words
    assert "这里不办" in phone.words
    phone.tap("先一起约这几项")
    assert phone.path.startswith("/visit?s=")


def test_two_services_of_one_line_are_done_at_one_window(town, phone):
    phone.go(f"/visit/halls?s={BOTH}")
    assert "在同一个窗口办完" in phone.words
    hold(phone)
    book(town, phone)
    assert town.appointment().legs == []
    assert len(town.appointment().service_ids) == 2


def test_what_is_taken_meanwhile_leads_to_the_nearest_start_for_everything(town, lines, phone):
    phone.go(f"/visit/halls/city-hall?s={BOTH}")
    first = phone.form_with("下一步").offered["starts_at"][0]
    town.take_all("09:00")
    town.take_all("09:30")
    phone.press("下一步", starts_at=first)
    assert phone.status == 409
    phone.press("10:00")
    assert phone.path == "/booking/who"


def test_a_visit_of_two_lines_moves_as_a_whole(town, lines, phone):
    phone.go(f"/visit/halls?s={BOTH}")
    hold(phone)
    book(town, phone)
    for half_hour in ("14:00", "14:30", "15:00", "15:30"):
        town.slot(half_hour, WEDNESDAY)
        town.slot(half_hour, WEDNESDAY, group=lines)
    phone.tap("改期").tap("3月4日")
    phone.press("改到这个时间", starts_at=build.at("14:00", WEDNESDAY).isoformat())
    assert "预约已改期" in phone.words
    moved = town.appointment()
    assert moved.starts_at == build.at("14:00", WEDNESDAY)
    assert len(moved.legs) == 2
    with town.parts.database.transaction() as session:
        assert doctor.check(session) == []


def test_the_checklist_can_be_sent_on_and_says_nothing_about_a_person(town, lines, phone):
    collect(phone).tap("下一步：看要带什么")
    phone.tap("丢了或被偷了").tap("在本省").tap("满 16 周岁")
    shared = phone.path
    other = town.phone().go(shared)
    assert "一张清单，一起办" in other.words
    assert "居民户口簿" in other.words


def test_pages_of_a_visit_stay_small_and_speak_english(town, lines, phone):
    for path in ("/visit", "/visit/halls", "/visit/halls/city-hall"):
        assert weight(phone, f"{path}?s={BOTH}") <= 6 * KILO
    english = town.phone("en")
    for path in ("/visit", "/visit/halls", "/visit/halls/city-hall"):
        page = english.go(f"{path}?s={BOTH}").words
        assert "Yunzhou" in page or path == "/visit"
        page = page.replace("中文", "").replace(town.hall.address_zh, "")
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in page), page


def test_the_live_slots_of_a_visit_cost_nothing_while_unchanged(town, lines, phone):
    url = f"/visit/halls/city-hall/live?s={BOTH}&day=2026-03-03"
    first = phone.client.get(url)
    again = phone.client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)


def test_what_was_not_done_of_a_visit_is_booked_again_from_its_page(town, lines, phone):
    collect(phone).tap("下一步：看要带什么")
    phone.tap("丢了或被偷了").tap("在本省").tap("满 16 周岁").tap("选大厅和时间")
    book(town, hold(phone))
    address = phone.path
    with town.parts.database.transaction() as session:
        visit = session.scalars(select(Appointment)).one()
        visit.state, visit.undone_service_ids = "fulfilled", visit.service_ids[1:]
    phone.go(address)
    assert "部分办完" in phone.words
    phone.tap("预约没办成的")
    assert phone.path == "/services/passport/halls/city-hall"
    assert phone.go(f"{address}/rest").path == "/services/passport/halls/city-hall"
    assert "部分办完" in phone.go("/my").words


def test_waits_for_a_visit_of_two_lines_and_is_offered_all_of_it(town, lines, phone):
    with town.parts.database.transaction() as session:
        session.execute(update(Number).values(held_until=build.at("20:00"), hold_token=b"0" * 32))
    phone.go(f"/visit/halls/city-hall?s={BOTH}")
    assert "目前约满了" in phone.words
    phone.tap("有号时通知我")
    if phone.path.startswith("/verify"):
        phone.press("获取验证码", phone="139 0013 9000")
        phone.press("下一步", phone="139 0013 9000", code=town.newest_code())
    assert "几项要用的号凑齐了才问您" in phone.words
    phone.press("登记候补")
    assert "候补中" in phone.words
    with town.parts.database.transaction() as session:
        nine = Number.starts_at.in_([build.at("09:00", TUESDAY), build.at("09:30", TUESDAY)])
        session.execute(update(Number).where(nine).values(held_until=None, hold_token=None))
        tend(session, now=NOW)
    phone.go(phone.path)
    assert "这个号为您保留着" in phone.words
    phone.press("我要这个号")
    assert phone.path == "/booking/who"
    assert "普通护照" in phone.words
    with town.parts.database.transaction() as session:
        assert len(session.scalars(select(Draft)).one().legs) == 2


def test_asks_specially_for_a_visit_of_two_lines(town, lines, phone):
    phone.go(f"/visit/halls/city-hall?s={BOTH}").tap("申请照顾安排")
    if phone.path.startswith("/verify"):
        phone.press("获取验证码", phone="139 0013 9000")
        phone.press("下一步", phone="139 0013 9000", code=town.newest_code())
    assert "普通护照" in phone.words
    form = {name: PERSON[name] for name in ("name", "kind", "number", "agree")}
    phone.press("提交申请", kind_of_request="green", reason="母亲坐轮椅", wanted_on=str(TUESDAY), **form)
    assert phone.path == "/my"
    with town.parts.database.transaction() as session:
        asked = session.scalars(select(SpecialRequest)).one()
        assert len(asked.service_ids) == 2


def test_the_calendar_holds_a_visit_of_two_lines_from_the_first_to_the_end_of_the_last(town, lines, phone):
    collect(phone).tap("下一步：看要带什么")
    phone.tap("丢了或被偷了").tap("在本省").tap("满 16 周岁").tap("选大厅和时间")
    book(town, hold(phone))
    entry = phone.client.get(f"{phone.path}.ics").text.replace("\r\n ", "")
    assert "DTSTART:20260303T010000Z" in entry
    last = build.at("09:30", TUESDAY)
    ends = re.search(r"DTEND:(\w+)", entry).group(1)
    assert ends > f"{last:%Y%m%dT%H%M%SZ}"
    assert "09:30 出入境" in entry
