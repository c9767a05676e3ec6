"""What is printed fits its paper: a slip on A6, a poster on A4 and smaller."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.web.citizen.test_in_a_browser import serve
from tests.web.citizen.town import RENEWAL, Town, book

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium: Browser, town: Town) -> Iterator[Page]:
    for address in serve(town.app):
        page = chromium.new_page(base_url=address)
        page.set_default_timeout(30_000)
        yield page
        page.close()


def sheets(page: Page, paper: str) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper)))


def test_a_slip_is_one_sheet_of_a6_and_can_be_printed_by_a_button(town, page):
    reference = book(town, town.phone())
    page.goto(f"/b/{reference}/slip")
    assert page.get_by_role("button", name="打印这一页").is_visible()
    assert sheets(page, "A6") == 1


@pytest.mark.parametrize("paper", ["A4", "A5", "A6"])
def test_a_poster_is_one_sheet(page, paper):
    page.goto(f"/h/city-hall/{RENEWAL}/poster")
    assert sheets(page, paper) == 1
