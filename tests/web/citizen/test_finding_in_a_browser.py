"""The waitlist, the halls and the earliest times as readers meet them: axe, narrow phones, large targets."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext

from booking.models import Number
from catalog.models import Service
from halls.models import Closure, Hall
from tests import build
from tests.chromium import PATIENCE_MS
from tests.web.citizen.test_in_a_browser import WAYS, complaints, serve, violations
from tests.web.citizen.test_waitlist import SLOTS, give_back, join
from tests.web.citizen.town import LOST, TUESDAY, WEDNESDAY, Town, book

SERVICE = "/services/id-card-renewal"

pytestmark = pytest.mark.browser


@pytest.fixture
def address(town: Town) -> Iterator[str]:
    app: Flask = town.app
    yield from serve(app)


@pytest.fixture
def context(chromium: Browser, address: str) -> Iterator[BrowserContext]:
    context = chromium.new_context(base_url=address, viewport={"width": 320, "height": 640})
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def waits(town: Town) -> tuple[object, str, str]:
    """One browser that waits and one that was offered a number; everything is full but one slot elsewhere."""
    with town.parts.database.transaction() as session:
        for hall, (latitude, longitude) in (
            (town.hall, (30.2741, 120.1551)),
            (town.station, (30.2598, 120.1302)),
        ):
            row = session.get_one(Hall, hall.id)
            row.latitude, row.longitude = latitude, longitude
        closed = {"starts_at": build.at("12:00", WEDNESDAY), "ends_at": build.at("14:00", WEDNESDAY)}
        session.add(Closure(hall_id=town.hall.id, reason_zh="停电检修", reason_en="Power cut", **closed))
        service = session.query(Service).filter(Service.code == "id-card-renewal").one()
        service.online_note_zh, service.online_note_en = "可在手机上申请", "You can apply by phone"
        build.make_slot(session, town.group, build.at("11:00", WEDNESDAY), released_at=build.at("18:00"))
    for clock in ("09:30", "10:00", "10:30"):
        town.take_all(clock)
    mine = town.phone()
    reference = book(town, town.phone())
    _take_rest(town)
    offered = join(town, mine).path
    give_back(town, reference)
    town.at("08:41")
    other = town.phone()
    waiting = join(town, other, phone="139 0013 9001").path
    return other, waiting, offered


def _take_rest(town: Town) -> None:
    with town.parts.database.transaction() as session:
        session.query(Number).filter(
            Number.starts_at == build.at("09:00", TUESDAY), Number.appointment_id.is_(None)
        ).update({"appointment_id": 999_999})


@pytest.mark.parametrize("way", WAYS)
def test_pages_of_finding_and_waiting_can_be_read_and_pressed_by_everybody(town, context, waits, way):
    other, waiting, offered = waits
    cookies, least = WAYS[way]
    page = context.new_page()
    page.goto("/health")
    kept = {name: other.client.get_cookie(name).value for name in ("youhao",)}
    both = {**cookies, **kept}
    context.add_cookies([{"name": name, "value": value, "url": page.url} for name, value in both.items()])
    paths = ["/halls", "/halls?from=station", "/halls/city-hall", f"{SERVICE}/first?a={LOST}", SLOTS]
    paths += [f"{SERVICE}/halls?a={LOST}&from=station", waiting, offered, "/my"]
    paths += ["/visit/halls?s=id-card-renewal,passport&from=station"]
    paths += [f"/services/passport/halls/city-hall/waitlist?day={WEDNESDAY.isoformat()}"]
    found = {}
    for path in paths:
        page.goto(path)
        for more in page.locator("details:not([open]) > summary").all():
            more.click()
        found[path] = complaints(page, least) + violations(page)
    assert {path: told for path, told in found.items() if told} == {}


def test_the_phone_sends_its_position_rounded_and_only_when_asked(town, context, waits):
    context.grant_permissions(["geolocation"])
    context.set_geolocation({"latitude": 30.259812, "longitude": 120.130234})
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/halls")
    assert "near=" not in "".join(asked)
    page.locator("summary").first.click()
    page.get_by_role("button", name="用手机定位").click()
    page.wait_for_url("**/halls?**")
    assert page.url.endswith("near=30.26%2C120.13")
    assert not [url for url in asked if "30.259" in url or "120.1302" in url]
    first = page.locator(".weui-cells a").first.inner_text()
    assert "溪湖派出所" in first
    assert "不到 1 公里" in first


def test_a_refused_position_says_what_to_do(town, context, waits):
    page = context.new_page()
    page.goto("/halls")
    page.locator("summary").first.click()
    page.get_by_role("button", name="用手机定位").click()
    page.get_by_text("没有得到位置").wait_for()
