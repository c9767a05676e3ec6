"""How many taps a booking takes, counted in a browser. Typing does not count, every press and choice does."""

import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, Route

from kernel import clock
from tests.chromium import PATIENCE_MS, follow
from tests.conftest import NOW
from tests.web.citizen.test_in_a_browser import serve
from tests.web.citizen.town import PERSON, Town

pytestmark = pytest.mark.browser

MOST_FOR_NEW, MOST_FOR_RETURNING = 14, 6


class Thumb:
    """Taps a page, and counts."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taps = 0

    def tap(self, what: Locator) -> None:
        self.taps += 1
        what.first.click()

    def link(self, words: str) -> None:
        self.tap(self.page.get_by_role("link", name=words))

    def button(self, words: str) -> None:
        self.tap(self.page.get_by_role("button", name=words))

    def tick(self, words: str) -> None:
        self.tap(self.page.locator(".choice label", has_text=words))

    def first_slot(self) -> None:
        self.tap(self.page.locator("input[name=starts_at]:not([disabled]) + label"))
        self.button("下一步")


@pytest.fixture
def page(chromium: Browser, town: Town) -> Iterator[Page]:
    for address in serve(town.app):
        context = chromium.new_context(base_url=address, viewport={"width": 390, "height": 844})
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()
        context.close()


def book_as_new(town: Town, page: Page) -> int:
    """With a guide of three questions, to the wishes for next time. Every press counts."""
    thumb = Thumb(page)
    page.goto("/")
    thumb.link("居民身份证补领")
    thumb.link("开始")
    for answer in ("丢了或被偷了", "在本省", "满 16 周岁"):
        thumb.link(answer)
    thumb.link("选大厅和时间")
    thumb.link("选这里的时间")
    thumb.first_slot()
    page.get_by_label("姓名").fill(PERSON["name"])
    page.get_by_label("证件号码").fill(PERSON["number"])
    page.get_by_label("手机号", exact=True).fill(PERSON["phone"])
    thumb.button("获取验证码")
    page.get_by_text("验证码已发送").wait_for()
    page.get_by_label("验证码", exact=True).fill(town.newest_code())
    thumb.tick("我同意")
    thumb.button("下一步：核对")
    thumb.button("确认预约")
    page.get_by_text("预约成功").wait_for()
    thumb.button("都记住")
    page.get_by_text("已记住").wait_for()
    return thumb.taps


def test_the_form_asks_for_one_tick_and_no_more(town: Town, page: Page) -> None:
    page.goto("/services/passport/halls/city-hall")
    Thumb(page).first_slot()
    page.get_by_label("姓名").wait_for()
    ticks = page.locator("form.js-draft input[type=checkbox]")
    assert [tick.get_attribute("name") for tick in ticks.all()] == ["agree"]


def test_a_new_citizen_books_with_few_taps_and_a_returning_one_with_fewer(town: Town, page: Page) -> None:
    taps = book_as_new(town, page)
    assert taps <= MOST_FOR_NEW
    assert town.count() == 1
    clock.set_demo(town.parts.settings.var / "clock.json", NOW + timedelta(hours=3), 0.0)
    page.goto(page.url)
    follow(page.get_by_role("button", name="取消预约"))
    thumb = Thumb(page)
    page.goto("/")
    thumb.link("居民身份证补领")
    thumb.first_slot()
    thumb.button("欧** · 本人")
    thumb.button("确认预约")
    page.get_by_text("预约成功").wait_for()
    sys.stdout.write(f"taps: {taps} by a new citizen, {thumb.taps} by a returning one\n")  # pytest -rP
    assert thumb.taps <= MOST_FOR_RETURNING
    assert town.count() == 2


def test_another_service_in_the_usual_hall_takes_as_few(town: Town, page: Page) -> None:
    book_as_new(town, page)
    follow(page.get_by_role("button", name="取消预约"))
    thumb = Thumb(page)
    page.goto("/")
    thumb.link("护照")
    thumb.link("去上次的大厅")
    thumb.first_slot()
    thumb.button("欧** · 本人")
    thumb.button("确认预约")
    page.get_by_text("预约成功").wait_for()
    assert thumb.taps <= MOST_FOR_RETURNING


@pytest.mark.parametrize("start", ["booking", "list"])
def test_cancelling_takes_one_press_and_taking_it_back_another(town: Town, page: Page, start: str) -> None:
    book_as_new(town, page)
    booking = page.url
    page.goto(booking if start == "booking" else "/my")
    follow(page.get_by_role("button", name="取消预约"))
    assert page.url == booking
    assert town.appointment().state == "cancelled"
    page.get_by_role("button", name="撤销取消").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.get_by_text("已撤销取消").wait_for()
    assert town.appointment().state == "booked"


def test_what_is_typed_before_the_script_has_come_is_kept_too(town: Town, page: Page) -> None:
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/js/draft.js*", hold)
    page.goto("/services/passport/halls/city-hall")
    with page.expect_request("**/js/draft.js*"):
        Thumb(page).first_slot()
    page.get_by_label("姓名").fill("欧阳")
    with page.expect_response("**/booking/who/draft"):
        late.pop().continue_()


def test_what_is_typed_survives_a_killed_page(town: Town, page: Page) -> None:
    page.goto("/services/passport/halls/city-hall")
    Thumb(page).first_slot()
    with page.expect_response("**/booking/who/draft"):
        page.get_by_label("姓名").press_sequentially("欧阳")
    page.close()
    again = page.context.new_page()
    again.goto("/")
    again.get_by_role("link", name="接着填").click()
    assert again.get_by_label("姓名").input_value() == "欧阳"
