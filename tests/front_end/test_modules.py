"""The small modules in a real browser: live pages, presses, keys, scanner, screens."""

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.front_end.stage import State

pytestmark = pytest.mark.browser


def test_keeps_the_chosen_slot_and_the_typed_words_when_the_page_changes(page: Page, state: State) -> None:
    page.goto("/slots")
    page.get_by_label("09:30").check()
    page.get_by_label("说明").type("带孩子")
    state.slots.remove("09:00")
    expect(page.get_by_label("09:00")).to_have_count(0)
    expect(page.get_by_label("09:30")).to_be_checked()
    expect(page.get_by_label("说明")).to_have_value("带孩子")
    expect(page.get_by_label("说明")).to_be_focused()
    expect(page.get_by_text("刚刚约满")).to_be_hidden()


def test_says_so_when_the_chosen_slot_is_gone(page: Page, state: State) -> None:
    page.goto("/slots")
    page.get_by_label("09:30").check()
    state.slots.remove("09:30")
    expect(page.get_by_text("刚刚约满")).to_be_visible()


def test_comes_back_by_itself_after_502_and_shows_what_it_missed(page: Page, state: State) -> None:
    page.goto("/slots")
    expect(page.get_by_text("实时更新中")).to_be_visible()
    state.down = True
    expect(page.get_by_text("连接中断")).to_be_visible()
    state.called = 7
    state.down = False
    expect(page.get_by_text("实时更新中")).to_be_visible()
    expect(page.locator("#called")).to_have_text("7")


def test_goes_on_by_itself_when_its_token_ends_and_says_what_it_heard_last(page: Page, state: State) -> None:
    page.goto("/board")
    expect(page.get_by_text("实时更新中")).to_be_visible()
    state.token = "second"  # the page holds the first one, which is refused from now on
    state.calls.insert(0, ("c2", "A002", False))
    expect(page.locator("[data-call=c2]")).to_be_visible()
    expect(page.get_by_text("实时更新中")).to_be_visible()
    assert state.streams == ["", "first-1"]


def test_an_impatient_finger_calls_one_person(page: Page, state: State) -> None:
    page.goto("/desk")
    expect(page.get_by_text("实时更新中")).to_be_visible()
    for _ in range(5):
        page.keyboard.press("Enter")
    expect(page.locator(".big-number")).to_have_text("A002")
    expect(page.locator("#flashes")).to_contain_text("已呼叫 A002")
    expect(page.locator(".key-btn").first).not_to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Enter")
    expect(page.locator(".big-number")).to_have_text("A003")
    assert len(set(state.presses)) == len(state.posts) == 2


def test_a_lost_answer_does_not_call_a_second_person(page: Page, state: State) -> None:
    page.goto("/desk")
    state.lose_answers = 2
    page.keyboard.press("Enter")
    expect(page.locator("#flashes")).to_contain_text("已呼叫 A002")
    assert state.called == 2
    assert len(state.posts) == 3


def test_what_was_asked_before_a_press_never_covers_its_answer(page: Page, state: State) -> None:
    page.goto("/desk")
    expect(page.get_by_text("实时更新中")).to_be_visible()
    held: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        if "10:30" in state.slots:
            unknown = {name: said for name, said in route.request.headers.items() if name != "if-none-match"}
            held.append((route, route.fetch(headers=unknown)))
        else:
            route.continue_()

    page.route("**/fragment/*", hold)
    state.slots.append("10:30")  # a nudge: the answer is made now, and comes late
    while not held:
        page.wait_for_timeout(20)
    page.keyboard.press("Enter")
    expect(page.locator(".big-number")).to_have_text("A002")
    route, before = held.pop()
    assert "A001" in before.text()
    with page.expect_request("**/fragment/*"):  # asked anew, and still on its way
        route.fulfill(response=before)
    expect(page.locator(".big-number")).to_have_text("A002")
    page.unroute_all(behavior="ignoreErrors")


def test_keys_rest_while_someone_types(page: Page, state: State) -> None:
    page.goto("/desk")
    page.get_by_role("searchbox").focus()
    page.keyboard.type("fn")
    expect(page.get_by_role("searchbox")).to_have_value("fn")
    assert state.posts == []


def test_a_refusal_is_said_on_the_console(page: Page) -> None:
    page.goto("/desk")
    page.keyboard.press("f")
    expect(page.locator("#flashes")).to_contain_text("没有正在办理的人。")
    expect(page.locator("h1")).to_have_text("3号窗口")


def test_asks_before_what_cannot_be_taken_back(page: Page, state: State) -> None:
    page.goto("/desk")
    page.keyboard.press("n")
    page.get_by_role("button", name="取消", exact=True).click()
    assert state.posts == []
    page.keyboard.press("n")
    page.get_by_role("button", name="确定").click()
    expect(page.locator("#flashes")).to_contain_text("已呼叫")


def test_transfer_opens_by_its_key_with_the_focus_inside(page: Page) -> None:
    page.goto("/desk")
    page.keyboard.press("t")
    expect(page.get_by_label("出入境")).to_be_focused()


def scan(page: Page, code: str) -> None:
    """Type as a gun does, within a moment, however busy the machine is."""
    page.evaluate(
        """keys => keys.forEach(key => document.activeElement.dispatchEvent(
            new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true})))""",
        [*code, "Enter"],
    )


def test_a_scan_is_taken_wherever_the_focus_is(page: Page, state: State) -> None:
    page.goto("/kiosk")
    page.get_by_label("身份证号").fill("123")
    page.get_by_label("身份证号").focus()
    scan(page, "YH-abcdef0123456789")
    page.wait_for_url("**/home")
    assert [post["code"] for post in state.posts] == ["YH-abcdef0123456789"]
    assert state.posts[0]["press"]


def test_the_touch_keys_write_and_erase(page: Page, state: State) -> None:
    page.goto("/kiosk")
    for name in ["1", "0", "X", "5", "删除"]:
        page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_label("身份证号")).to_have_value("10X")
    page.get_by_role("button", name="确定").click()
    page.wait_for_url("**/home")
    assert state.posts[0]["id"] == "10X"


def test_an_abandoned_kiosk_returns_to_its_first_page(page: Page) -> None:
    page.goto("/kiosk?reset=2")
    expect(page.locator(".reset")).to_contain_text("秒后回到首页")
    page.wait_for_url("**/home")


def test_a_screen_announces_new_calls_and_not_stale_ones(page: Page, state: State) -> None:
    page.goto("/board")
    expect(page.locator(".link-state")).to_contain_text("实时更新中")
    expect(page.locator(".is-calling")).to_have_count(0)
    state.calls = [("c3", "A003", False), ("c2", "A002", True), *state.calls]
    expect(page.locator(".board__newest.is-calling .board__number")).to_have_text("A003")
    expect(page.locator("[data-call=c2]")).not_to_have_class("is-calling")
    expect(page.locator("#audio-notice")).to_be_hidden()


def test_a_hold_counts_down_by_the_halls_clock(page: Page) -> None:
    page.goto("/held")
    expect(page.get_by_text("为您保留")).to_be_visible()
    expect(page.locator("[data-countdown-over]")).to_be_visible()
    expect(page.get_by_text("为您保留")).to_be_hidden()


def test_mistakes_take_the_focus_and_lead_to_their_field(page: Page) -> None:
    page.goto("/form")
    expect(page.locator("#error-summary")).to_be_focused()
    page.get_by_role("link", name="号码不对").click()
    expect(page.get_by_label("证件号码")).to_be_focused()
    expect(page.get_by_label("证件号码")).to_have_value('<b>"1"')
