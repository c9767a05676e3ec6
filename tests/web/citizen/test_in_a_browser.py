"""Every page as a reader meets it: axe, narrow phones, large targets, in three ways of showing."""

import threading
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from tests import build
from tests.chromium import PATIENCE_MS
from tests.web.citizen.test_queue_page import walk_in
from tests.web.citizen.town import LOST, TUESDAY, Town, book

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SERVICE = "/services/id-card-renewal"
BOTH = "id-card-renewal,passport"
ANSWERED = ",".join(f"id-card-renewal.{answer}" for answer in LOST.split(","))
# Cookies, and the smallest target in CSS px by the ministry's rule.
WAYS = {"zh": ({}, 44), "care": ({"care": "1"}, 60), "en": ({"lang": "en"}, 44)}

pytestmark = pytest.mark.browser


@pytest.fixture
def address(town: Town) -> Iterator[str]:
    yield from serve(town.app)


def serve(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def context(chromium: Browser, address: str) -> Iterator[BrowserContext]:
    context = chromium.new_context(base_url=address, viewport={"width": 320, "height": 640})
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": RULES}).response
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]


def complaints(page: Page, least: int) -> list[str]:
    told = []
    if page.evaluate("() => document.documentElement.scrollWidth") > 320:
        told.append("wider than the phone")
    sizes = page.evaluate(
        """() => [...document.querySelectorAll(
             'a:not(.skip-link), button:not(.visually-hidden), .input, select, .choice label, summary')]
           .filter((element) => element.getClientRects().length)
           .map((element) => [element.getBoundingClientRect().height, element.outerHTML.slice(0, 90)])"""
    )
    return told + [f"small: {height} {html}" for height, html in sizes if round(height) < least]


@pytest.mark.parametrize("way", WAYS)
def test_pages_can_be_read_and_pressed_by_everybody(town, context, way, survey):
    reference, ticket = book(town, town.phone()), walk_in(town, "09:00", 3)
    cookies, least = WAYS[way]
    page = context.new_page()
    page.goto("/health")
    context.add_cookies([{"name": name, "value": value, "url": page.url} for name, value in cookies.items()])
    paths = [
        *("/", "/queues", "/services", "/services?q=身份证丢了", "/services?q=xyzzyqq", "/verify", "/none"),
        *(
            SERVICE,
            f"{SERVICE}/guide?a=reason=lost",
            f"{SERVICE}/guide?a={LOST}",
            f"{SERVICE}/halls?a={LOST}",
        ),
        *(f"{SERVICE}/halls/city-hall?a={LOST}", f"/b/{reference}", f"/b/{reference}/cancel"),
        *("/basket", f"/visit?s={BOTH}", f"/visit?s={BOTH}&a={ANSWERED}", f"/visit/halls?s={BOTH}"),
        f"/visit/halls/city-hall?s={BOTH}",
        *(f"/b/{reference}/move", f"/q/{ticket}", f"/r/{survey.reference}"),
    ]
    found = {}
    for path in paths:
        page.goto(path)
        found[path] = complaints(page, least) + violations(page)
    assert {path: told for path, told in found.items() if told} == {}


def test_the_choice_survives_the_live_refresh_and_its_loss_is_said(town, context):
    page = context.new_page()
    page.goto(f"{SERVICE}/halls/city-hall")
    chosen = f'input[value="{build.at("09:30", TUESDAY).isoformat()}"]'
    page.locator(chosen).check(force=True)
    town.take_all("09:00")
    refetch = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(refetch)
    page.wait_for_selector('input[name="starts_at"][disabled]')
    assert page.locator(chosen).is_checked()
    town.take_all("09:30")
    page.evaluate(refetch)
    page.wait_for_selector("[data-choice-lost]:not([hidden])")


BROKEN = """() => {
  const found = [], walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    for (const word of node.data.matchAll(/[A-Za-z0-9:–]{4,}/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = [...range.getClientRects()].filter((each) => each.width).map((each) => each.top);
      if (new Set(lines.map(Math.round)).size > 1) found.push(word[0]);
    }
  }
  return found;
}"""


@pytest.mark.parametrize(("wide", "way"), [(360, "zh"), (360, "en"), (320, "zh"), (320, "care-en")])
def test_no_time_and_no_word_is_broken_in_two_lines(town, context, wide, way):
    page = context.new_page()
    page.set_viewport_size({"width": wide, "height": 740})
    page.goto("/health")
    cookies = {"lang": way[-2:]} | ({"care": "1"} if way.startswith("care") else {})
    context.add_cookies([{"name": name, "value": value, "url": page.url} for name, value in cookies.items()])
    page.goto("/")
    assert page.evaluate(BROKEN) == []
    page.goto(f"{SERVICE}/halls/city-hall?a={LOST}")
    page.locator(".slots input:not([disabled]) + label").first.click()  # the chosen one stands in bold
    assert page.evaluate(BROKEN) == []
