"""What is printed fits its paper: a slip on A6, a poster on A4 and smaller."""

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from catalog.edit import offer
from kernel.actor import SYSTEM
from tests import build
from tests.chromium import PATIENCE_MS
from tests.conftest import NOW
from tests.web.citizen.test_in_a_browser import serve
from tests.web.citizen.test_together import hold
from tests.web.citizen.town import LOST, RENEWAL, Town, book, identify

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium: Browser, town: Town) -> Iterator[Page]:
    for address in serve(town.app):
        page = chromium.new_page(base_url=address)
        page.set_default_timeout(PATIENCE_MS)
        yield page
        page.close()


def sheets(page: Page, paper: str) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper)))


def test_a_slip_is_one_sheet_of_a6_and_can_be_printed_by_a_button(town, page):
    reference = book(town, town.phone())
    page.goto(f"/b/{reference}/slip")
    assert page.get_by_role("button", name="打印这一页").is_visible()
    assert sheets(page, "A6") == 1


@pytest.fixture
def visit(town: Town) -> str:
    """A visit of two lines, with two checklists in one."""
    with town.parts.database.transaction() as session:
        line = build.make_group(session, town.hall, "B", name_zh="出入境", name_en="Exit and entry")
        offer(session, town.hall.id, {RENEWAL: town.group.id, "passport": line.id}, actor=SYSTEM, now=NOW)
    for half_hour in ("09:00", "09:30", "10:00", "10:30"):
        town.slot(half_hour, group=line)
    answers = ",".join(f"{RENEWAL}.{answer}" for answer in LOST.split(","))
    phone = hold(town.phone().go(f"/visit/halls?s={RENEWAL},passport&a={answers}"))
    return identify(town, phone).press("确认预约").path


@pytest.mark.parametrize("paper", ["A4", "A6"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_slip_of_two_lines_is_one_sheet_as_well(visit, page, paper, language):
    page.goto(f"/preferences?lang={language}&next={visit}/slip")
    assert page.locator(".slip__legs").inner_text().count("09:") == 2
    if folder := os.environ.get("YOUHAO_SHOTS"):
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 351 if paper == "A6" else 748, "height": 514})
        page.screenshot(path=f"{folder}/slip-{paper}-{language}.png", full_page=True)
    assert sheets(page, paper) == 1


@pytest.mark.parametrize("path", [f"/h/city-hall/{RENEWAL}/poster", "/arrive/city-hall/poster"])
@pytest.mark.parametrize("paper", ["A4", "A5", "A6"])
def test_a_poster_is_one_sheet(page, paper, path):
    page.goto(path)
    assert sheets(page, paper) == 1
