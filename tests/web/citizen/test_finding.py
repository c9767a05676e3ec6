"""Finding a hall and a time: pages of halls, the nearest hall, the earliest time of all halls."""

import pytest

from booking.models import Number
from catalog.edit import offer
from catalog.models import Service
from halls.models import Hall
from kernel.actor import SYSTEM
from tests import build
from tests.conftest import NOW
from tests.web.citizen.town import LOST, WEDNESDAY


def place(town, hall, latitude, longitude):
    with town.parts.database.transaction() as session:
        row = session.get_one(Hall, hall.id)
        row.latitude, row.longitude = latitude, longitude


@pytest.fixture
def placed(town):
    place(town, town.hall, 30.2741, 120.1551)
    place(town, town.station, 30.2598, 120.1302)
    return town


def order(phone):
    return phone.words.rindex("云州市政务服务大厅"), phone.words.rindex("溪湖派出所")


def test_the_page_of_a_hall_tells_where_when_and_how_busy(placed, phone):
    placed.at("10:00")
    phone.go("/").tap("办事大厅").tap("云州市政务服务大厅")
    assert phone.path == "/halls/city-hall"
    for words in (
        "安民路 8 号",
        "0000-5550100",
        "09:00–17:00",
        "人少",
        "无人排队",
        "当天不开放",
        "居民身份证补领",
    ):
        assert words in phone.words, words
    assert any(href == "tel:0000-5550100" for href, _said in phone.page.links)
    maps = [href for href, said in phone.page.links if "地图" in said]
    assert len(maps) == 1
    assert maps[0].startswith("https://")
    assert "120.155100,30.274100" in maps[0]
    assert 'target="_blank" rel="noopener noreferrer"' in phone.html


def test_a_hall_that_nobody_has_placed_has_no_map(town, phone):
    assert not [said for _href, said in phone.go("/halls/station").page.links if "地图" in said]


def test_before_the_doors_open_and_after_they_close_it_says_so(town, phone):
    town.at("08:00")
    assert "还没开门" in phone.go("/halls/city-hall").words
    town.at("18:00")
    assert "今天不再办理" in phone.go("/halls/city-hall").words


def test_who_has_no_booking_is_sent_to_the_kiosk_only_while_somebody_works_today(town, phone):
    town.at("08:00")
    assert "没有预约也能办：到大厅取号机" in phone.go("/halls/city-hall").words
    town.at("18:00")
    words = phone.go("/halls/city-hall").words
    assert "没有预约也能办" not in words
    assert "今天不再办理。没有预约的，请在开放时间到大厅取号机" in words


def test_unknown_halls_are_not_found(phone):
    assert phone.go("/halls/nowhere").status == 404


def test_halls_are_sorted_from_a_hall_one_knows_without_scripts(placed, phone):
    phone.go("/halls").press("按距离排列", **{"from": "station"})
    hall, station = order(phone)
    assert station < hall
    assert "不到 1 公里" in phone.words
    assert "约 2.9 公里" in phone.words


def test_a_position_is_used_only_rounded(placed, phone):
    exact = phone.go("/halls?near=30.259800,120.130200").html
    rounded = phone.go("/halls?near=30.26,120.13").html
    assert exact.count("公里") == rounded.count("公里")
    assert "30.259800" not in exact
    assert "120.130200" not in exact


@pytest.mark.parametrize("query", ["near=x", "near=99,999", "from=nowhere", "near=&from="])
def test_a_senseless_start_is_no_start(placed, phone, query):
    page = phone.go(f"/halls?{query}")
    assert page.status == 200
    assert "不到 1 公里" not in page.words


def test_halls_of_a_service_with_numbers_come_first_then_the_nearest(placed, phone):
    placed.slot("09:00", WEDNESDAY, group=placed.other_group)
    page = phone.go(f"/services/id-card-renewal/halls?a={LOST}&from=station")
    hall, station = order(page)
    assert station < hall
    with placed.parts.database.transaction() as session:
        for number in session.query(Number).filter(Number.group_id == placed.other_group.id):
            number.appointment_id = 999_999
    page.go(f"/services/id-card-renewal/halls?a={LOST}&from=station")
    hall, station = order(page)
    assert hall < station


BOTH_HALLS = (f"/services/id-card-renewal/halls?a={LOST}", "/visit/halls?s=id-card-renewal,passport")


@pytest.fixture
def alike(placed):
    """The station handles everything that the hall does."""
    with placed.parts.database.transaction() as session:
        offers = dict.fromkeys(("id-card-renewal", "passport"), placed.other_group.id)
        offer(session, placed.station.id, offers, actor=SYSTEM, now=NOW)
    return placed


@pytest.mark.parametrize("path", BOTH_HALLS)
def test_the_nearest_hall_with_numbers_today_comes_first(alike, phone, path):
    alike.slot("09:00", WEDNESDAY, group=alike.other_group)
    hall, station = order(phone.go(f"{path}&from=station"))
    assert station < hall  # nobody has one today: the nearest
    assert "今天有号" not in phone.words
    alike.slot("15:00", build.TODAY, numbers=4)
    hall, station = order(phone.go(f"{path}&from=station"))
    assert hall < station
    assert "今天有号，最近" in phone.words
    assert "约 2.9 公里" in phone.words
    assert "今天 还有 4 个号" in phone.words or "今天 还能约" in phone.words
    alike.slot("15:00", build.TODAY, group=alike.other_group)
    hall, station = order(phone.go(f"{path}&from=station"))
    assert station < hall  # both have: the nearest


@pytest.mark.parametrize("path", BOTH_HALLS)
def test_without_a_start_the_earliest_comes_first_and_today_is_told_apart(alike, phone, path):
    alike.slot("15:00", build.TODAY, group=alike.other_group)
    hall, station = order(phone.go(path))
    assert station < hall
    assert "最早有号" in phone.words
    assert "没有号了" in phone.words


def test_where_all_halls_are_full_for_a_visit_the_next_release_is_told(alike, phone):
    for clock in ("09:00", "09:30", "10:00", "10:30"):
        alike.take_all(clock)
    with alike.parts.database.transaction() as session:
        build.make_slot(session, alike.group, build.at("11:00", WEDNESDAY), released_at=build.at("18:00"))
    page = phone.go(BOTH_HALLS[1])
    assert "各大厅都约满了" in page.words
    assert "下次放号：今天 3月2日 周一 18:00" in page.words


def test_the_earliest_times_of_all_halls_are_mixed_and_held_by_one_tap(town, phone):
    town.slot("09:15", group=town.other_group)
    phone.go(f"/services/id-card-renewal/halls?a={LOST}").tap("看最早的时间")
    held = [said for form in phone.page.forms for *_, said in form.buttons if " · " in said]
    assert held[:3] == [
        "09:00 · 云州市政务服务大厅",
        "09:15 · 溪湖派出所",
        "09:30 · 云州市政务服务大厅",
    ]
    phone.press("09:15")
    assert phone.path == "/booking/who"
    assert "溪湖派出所" in phone.words


def test_where_no_hall_has_a_number_the_next_release_and_the_online_way_are_told(town, phone):
    for clock in ("09:00", "09:30", "10:00", "10:30"):
        town.take_all(clock)
    with town.parts.database.transaction() as session:
        service = session.query(Service).filter(Service.code == "id-card-renewal").one()
        service.online_note_zh = "可在手机上申请"
        build.make_slot(session, town.group, build.at("11:00", WEDNESDAY), released_at=build.at("18:00"))
    for path in (
        "/services/id-card-renewal/halls",
        "/services/id-card-renewal/first",
        "/services/id-card-renewal/halls/city-hall",
    ):
        page = phone.go(f"{path}?a={LOST}")
        assert "约满了" in page.words, path
        assert "下次放号：今天 3月2日 周一 18:00" in page.words, path
        assert "可在手机上申请" in page.words, path


def test_pages_of_halls_are_read_in_english(placed):
    phone = placed.phone("en").go("/halls/city-hall")
    assert "Yunzhou Hall" in phone.words
    assert "Opening hours" in phone.words
    assert "Household" in phone.words
