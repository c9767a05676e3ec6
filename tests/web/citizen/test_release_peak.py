"""A release peak on the phone: with scripts a second's work, without them half a minute's wait; both fair."""

import os
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from booking.models import Number
from kernel import clock
from tests import build
from tests.web.citizen.test_in_a_browser import complaints, violations
from tests.web.citizen.town import LOST, RENEWAL, Town, hold_first

RELEASED = build.TODAY + timedelta(days=9)  # Wednesday week: its first numbers came out today at 08:00
PAGE = f"/services/{RENEWAL}/halls/city-hall?a={LOST}&day={RELEASED}"


@pytest.fixture
def rush(town: Town) -> Town:
    town.slot("10:00", on=RELEASED)
    town.at("08:01")
    return town


def press(phone):
    phone.go(PAGE)
    return phone.press("下一步", starts_at=phone.form_with("下一步").offered["starts_at"][0])


def held(town: Town) -> int:
    with town.parts.database.transaction() as session:
        return session.query(Number).filter(Number.hold_token.is_not(None)).count()


def later(monkeypatch, seconds: int) -> None:
    now = clock.real_now() + timedelta(seconds=seconds)
    monkeypatch.setattr(clock, "real_now", lambda: now)


def send(phone, form: dict[str, str]) -> int:
    """What a program sends that has read a page of this browser."""
    token = phone.go(PAGE).form_with("下一步").fields["csrf_token"]
    return phone.client.post(PAGE.partition("?")[0], data=form | {"csrf_token": token}).status_code


def test_without_scripts_one_waits_half_a_minute_and_goes_on(rush, monkeypatch):
    phone = press(rush.phone())
    assert phone.status == 428
    assert held(rush) == 0
    phone.tap("改为排队等待")
    assert "大约还要等" in phone.words
    phone.tap("看看到了没有")
    assert "大约还要等" in phone.words
    later(monkeypatch, 41)
    phone.refresh().press("继续占号")
    assert phone.path == "/booking/who"
    assert held(rush) == 1


def test_pages_go_on_by_themselves_without_scripts(rush):
    phone = press(rush.phone())
    wait = phone.html.partition('content="0;url=')[2].partition('"')[0].replace("&amp;", "&")
    assert wait.startswith("/wait?ask=")
    phone.go(wait)
    assert '<noscript><meta http-equiv="refresh"' in phone.html


def test_nobody_goes_on_before_it_is_time(rush):
    phone = press(rush.phone()).tap("改为排队等待")
    ticket = phone.path.partition("ticket=")[2]
    form = {"ticket": ticket, "starts_at": build.at("10:00", RELEASED).isoformat(), "a": LOST}
    assert send(phone, form) == 428
    assert held(rush) == 0


def test_a_ticket_is_good_for_one_hold_of_one_browser_and_what_was_chosen(rush, monkeypatch):
    rush.slot("11:00", on=RELEASED)
    mine, other = press(rush.phone()).tap("改为排队等待"), rush.phone().go(PAGE)
    later(monkeypatch, 41)
    form = mine.refresh().form_with("继续占号").fields
    assert send(other, form) == 428
    changed = form | {"starts_at": build.at("11:00", RELEASED).isoformat()}
    assert send(mine, changed) == 428
    assert send(mine, form) == 303
    assert send(mine, form) == 428


def test_a_ticket_ends_after_some_minutes(rush, monkeypatch):
    phone = press(rush.phone()).tap("改为排队等待")
    later(monkeypatch, 60)
    phone.refresh()
    later(monkeypatch, 400)
    assert phone.press("继续占号").status == 428


def test_a_browser_does_not_wait_in_many_lines_at_once(rush):
    phone = rush.phone()
    answers = []
    for _ in range(7):
        press(phone).tap("改为排队等待")
        answers.append(phone.status)
    assert answers == [200] * 6 + [429]


@pytest.mark.parametrize("address", ["/wait", "/wait?ask=x", "/wait?ticket=x", "/wait?ticket=" + "A" * 64])
def test_what_was_made_up_waits_for_nothing(rush, address):
    assert rush.phone().go(address).status == 404


def test_the_wait_is_said_in_english(rush):
    phone = rush.phone("en").go(PAGE)
    phone.press("Next", starts_at=phone.form_with("Next").offered["starts_at"][0])
    assert phone.status == 428
    assert not any("一" <= letter <= "鿿" for letter in phone.page.words.replace("中文", ""))


def test_normal_hours_are_as_always(rush):
    rush.at("08:30")
    assert press(rush.phone()).path == "/booking/who"


def test_other_days_are_as_always_in_a_peak(rush):
    assert hold_first(rush.phone()).path == "/booking/who"


def shoot(page, name: str) -> None:
    """Keep a picture to look at, where `SHOTS` names a folder."""
    if "SHOTS" in os.environ:
        page.screenshot(path=f"{os.environ['SHOTS']}/{name}.png", full_page=True)


@pytest.fixture
def address(rush: Town) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, rush.app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


NO_WORKERS = (
    "window.Worker = class { constructor() { setTimeout(() => this.onerror(new Event('error'))); } };"
)


@pytest.mark.browser
@pytest.mark.parametrize("old", [False, True], ids=["worker", "without workers"])
def test_a_phone_works_for_a_second_and_holds(rush, address, chromium: Browser, old):
    context = chromium.new_context(base_url=address, viewport={"width": 390, "height": 844})
    page = context.new_page()
    if old:
        page.add_init_script(NO_WORKERS)
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(PAGE)
    page.locator("input[name=starts_at]").first.check(force=True)
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/booking/who")
    context.close()
    assert held(rush) == 1
    assert not [text for text in said if "428" not in text]


@pytest.mark.browser
@pytest.mark.parametrize("care", ["0", "1"])
def test_both_pages_can_be_read_by_everybody(rush, address, chromium: Browser, care):
    context = chromium.new_context(base_url=address, viewport={"width": 320, "height": 640})
    context.add_cookies([{"name": "care", "value": care, "url": address}])
    page = context.new_page()
    page.route("**/js/proof.js*", lambda route: route.abort())  # so that the page stays
    page.goto(PAGE)
    page.locator("input[name=starts_at]").first.check(force=True)
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("heading", name="正在放号").wait_for()
    least = 60 if care == "1" else 44
    shoot(page, f"proof-{care}")
    assert (violations(page), complaints(page, least)) == ([], [])
    page.get_by_role("link", name="改为排队等待").click()
    page.get_by_text("看看到了没有").wait_for()
    shoot(page, f"wait-{care}")
    assert (violations(page), complaints(page, least)) == ([], [])
    context.close()
