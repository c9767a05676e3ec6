"""Every page of citizens in Chromium with a whole city loaded: axe, a narrow phone, care mode, English.

A new page fails test_every_page.py until its address stands in `PAGES`; it is then looked at here.
"""

import os
import re
from datetime import datetime
from pprint import pformat

import pytest
from playwright.sync_api import Browser

from tests.build import TODAY
from tests.web.citizen.every_page import LATER, make_pages, take
from tests.web.citizen.test_in_a_browser import complaints, violations
from tests.web.hall_browser import open_page, serving

SHOTS = os.environ.get("SHOTS", "")  # a folder, to look at the pages
# Cookies and the smallest target in CSS px by the ministry's rule.
WAYS = {
    "zh": ({"lang": "zh", "care": "0"}, 44),
    "care": ({"lang": "zh", "care": "1"}, 60),
    "en": ({"lang": "en", "care": "0"}, 44),
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
OWN_WORDS = "h1, h2, label, legend, main button, main .btn"
DATA = ("欧", "中文")  # people's names stand as they were written

pytestmark = pytest.mark.browser


def test_every_page_is_read_and_pressed_in_every_way(chromium: Browser, town, survey):
    phone, pages = make_pages(town, survey)
    found = {}
    with serving(town.app) as root:
        page = open_page(chromium, root, 320, 640)
        cookies = {each.key: each.value for each in phone.client._cookies.values()}
        show(page, root, cookies)
        for way in WAYS:
            show(page, root, WAYS[way][0])
            for name, path in pages.items():
                answer = page.goto(path)
                note(found, f"{name} {way}", look(page, way) if answer.ok else [str(answer.status)])
        show(page, root, WAYS["zh"][0])
        for name, refuse in (
            ("lost", lambda: lose(town, page, pages["citizen.slots"])),
            ("visit_lost", lambda: lose(town, page, pages["citizen.trip_slots"])),
            ("gone", lambda: expire(town, page)),
        ):
            refuse()
            note(found, name, look(page, "zh"))
        page.context.close()
    assert not found, pformat(found, width=200)


def show(page, root, cookies):
    page.context.add_cookies([{"name": name, "value": text, "url": root} for name, text in cookies.items()])


def note(found, name, told):
    if told:
        found[name] = told


def look(page, way):
    """What a reader of this way complains of."""
    _cookies, least = WAYS[way]
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{way}-{re.sub('[^a-z]+', '-', page.url.partition('//')[2])[:60]}.png")
    told = complaints(page, least) + violations(page)
    if way == "en":
        texts = page.locator(OWN_WORDS).all_inner_texts()
        told += [text for text in texts if CHINESE.search(re.sub("|".join(DATA), "", text))]
    return told


def lose(town, page, address):
    """Press for a number of a day that others filled meanwhile."""
    page.goto(address)
    first = page.locator("input[name=starts_at]:not([disabled])").first
    page.locator(f"label[for='{first.get_attribute('id')}']").click()
    take(town, "city-hall", datetime.fromisoformat(first.get_attribute("value")).date())
    refused(page, "main form button[type=submit]")


def expire(town, page):
    """Press for a number that was held too long, and that others have now."""
    page.goto("/booking/check")
    town.at(LATER)
    take(town, "city-hall", TODAY)
    refused(page, ".sticky-bar button")


def refused(page, button):
    with page.expect_response(lambda answer: answer.request.method == "POST") as told:
        page.locator(button).last.click()
    assert told.value.status == 409
    page.wait_for_load_state()
