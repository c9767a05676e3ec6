"""Kiosk, console and screen under real keys, fingers and scanners, with a bad line and without scripts."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from halls.models import Hall
from tests.chromium import follow
from tests.web.hall_browser import (
    is_too_wide,
    list_violations,
    open_page,
    serving,
    small_targets,
)
from tests.web.hall_faces import PASSWORD, Faces, press

pytestmark = pytest.mark.browser


@pytest.fixture
def address(faces: Faces) -> Iterator[str]:
    with serving(faces.app) as address:
        yield address


@pytest.fixture
def open_at(chromium: Browser, address: str):
    pages: list[Page] = []

    def opened(width: int, height: int, **values: object) -> Page:
        pages.append(open_page(chromium, address, width, height, **values))
        return pages[-1]

    yield opened
    for page in pages:
        page.context.close()


def start_kiosk(page: Page, faces: Faces, language: str = "zh") -> None:
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    if language == "en":
        page.get_by_role("link", name="English").click()
        expect(page.get_by_role("link", name="中文")).to_be_visible()


def sign_in(page: Page, faces: Faces) -> None:
    """An officer signs in and opens counter 1."""
    faces.officer()
    page.goto("/sign-in")
    page.locator("#field-username").fill(faces.officers[-1].username)
    page.locator("#field-password").fill(PASSWORD)
    follow(page.locator("main button[type=submit]"))
    page.goto("/console")
    page.locator(".seat button").first.click()
    expect(page.locator("#desk")).to_be_visible()
    page.wait_for_load_state("load")  # keys work once the modules are there


def scan(page: Page, text: str) -> None:
    """As a QR gun types: all keys within a blink, then Enter."""
    page.evaluate(
        """(text) => {
          for (const key of [...text, 'Enter']) {
            const pressed = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
            document.body.dispatchEvent(pressed);
          }
        }""",
        text,
    )


@pytest.mark.parametrize(("size", "language", "least"), [((1080, 1920), "zh", 96), ((1280, 800), "en", 84)])
def test_kiosk_pages_fit_their_panel_and_pass_axe(faces, open_at, size, language, least):
    page = open_at(*size)
    start_kiosk(page, faces, language)
    paths = ["home", "check-in", "check-in/document", "help", "take", f"take/B?service={faces.passport.code}"]
    for path in paths:
        page.goto(f"/kiosk/yunzhou/{path}")
        assert list_violations(page) == [], path
        assert not is_too_wide(page), path
        assert small_targets(page, least) == [], path


@pytest.mark.parametrize("size", [(1080, 1920), (1280, 800)])
def test_a_long_name_leaves_the_head_and_foot_of_a_kiosk_in_order(faces, open_at, size):
    with faces.parts.database.transaction() as session:
        hall = session.get_one(Hall, faces.hall.id)
        hall.name_en = "Government Service Hall of the Yunzhou Public Security Bureau"
    page = open_at(*size)
    start_kiosk(page, faces, "en")
    expect(page.locator(".site-foot")).to_have_count(0)
    page.goto("/kiosk/yunzhou/take")
    expect(page.locator(".reset")).to_contain_text("Touch")
    name, *others = (one.bounding_box() for one in page.locator(".site-head .site-name, .site-head a").all())
    assert name["y"] >= 4
    assert len(others) == 2
    for other in others:
        assert abs(name["y"] + name["height"] / 2 - other["y"] - other["height"] / 2) < 4
    buttons = [one.bounding_box()["y"] for one in page.locator(".site-foot .btn").all()]
    assert len(buttons) == 2
    assert buttons[0] == buttons[1]


def test_a_scan_on_the_first_page_checks_in(faces, open_at):
    booked = faces.appointment("09:00")
    page = open_at(1080, 1920)
    start_kiosk(page, faces)
    scan(page, f"https://hall.example/b/{booked.reference}")
    expect(page.locator(".kiosk-ticket__number")).to_have_text("A001")
    assert list_violations(page) == []
    assert page.evaluate("() => document.documentElement.scrollHeight") <= 1920


def test_typed_digits_check_in_and_a_double_tap_takes_one_number(faces, open_at):
    booked = faces.appointment("09:00")
    page = open_at(1280, 800)
    start_kiosk(page, faces)
    page.goto("/kiosk/yunzhou/check-in")
    for digit in booked.code:
        page.get_by_role("button", name=digit, exact=True).click()
    page.get_by_role("button", name="签到", exact=True).click()
    expect(page.locator(".kiosk-ticket__number")).to_have_text("A001")
    page.goto("/kiosk/yunzhou/take/A")
    page.get_by_role("button", name="取号", exact=True).dblclick()
    expect(page.locator(".kiosk-ticket__number")).to_have_text("A002")
    assert [each.label for each in faces.tickets()] == ["A001", "A002"]


def test_the_next_person_finds_the_start_in_chinese(faces, open_at):
    page = open_at(1080, 1920)
    page.clock.install()
    start_kiosk(page, faces, "en")
    page.goto("/kiosk/yunzhou/take")
    expect(page.locator(".reset")).to_contain_text("45")
    page.clock.run_for(46_000)
    page.wait_for_url("**/kiosk/yunzhou/home")
    expect(page.get_by_role("link", name="预约签到")).to_be_visible()


def test_the_ticket_is_one_page_of_paper(faces, open_at):
    page = open_at(1080, 1920)
    start_kiosk(page, faces, "en")  # the longer texts
    page.goto(f"/kiosk/yunzhou/take/B?service={faces.passport.code}")
    page.locator(".kiosk-wish .btn--primary").click()
    expect(page.locator(".kiosk-ticket__number")).to_have_text("B001")
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    page.emulate_media(media="print")
    size = page.locator(".kiosk-ticket__number").evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)")
    assert size * 25.4 / 96 == pytest.approx(22, abs=0.1)


def test_a_kiosk_without_scripts_still_gives_numbers(faces, open_at):
    page = open_at(1080, 1920, java_script_enabled=False)
    start_kiosk(page, faces)
    page.get_by_role("link", name="现场取号").click()
    page.get_by_role("link", name="居民身份证补换领").click()
    page.get_by_role("button", name="老年人", exact=True).click()
    expect(page.locator(".kiosk-ticket__number")).to_have_text("A001")
    expect(page.locator(".kiosk-ticket__track")).to_contain_text("绿色通道")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_a_whole_visit_by_keys(faces, open_at, width, height):
    for ordinal in (1, 2):
        faces.waiting(ordinal, service_ids=[faces.renewal.id])
    page = open_at(width, height)
    sign_in(page, faces)
    assert list_violations(page) == []
    now = page.locator(".console__now")
    for key, then in [("Enter", "正在呼叫"), ("r", "呼叫 2 次"), ("s", "办理中"), ("f", "窗口空闲")]:
        press_when_ready(page, key)
        expect(now).to_contain_text(then)
        assert not is_too_wide(page), key
        if key in "rs":
            assert list_violations(page) == [], key
    page.reload()
    expect(now).to_contain_text("窗口空闲")
    assert [each.state for each in faces.tickets()] == ["completed", "waiting"]


def test_the_keys_of_a_visit_that_goes_on_in_another_line(faces, open_at):
    legs = [{"group_id": faces.b.id, "service_ids": [faces.passport.id]}]
    ticket = faces.waiting(1, service_ids=[faces.renewal.id], legs=legs)
    page = open_at(1280, 720)
    sign_in(page, faces)
    desk = page.locator("#desk")
    for key, said in (("Enter", "这次要去几个窗口"), ("s", "办完，下一步去出入境")):
        press_when_ready(page, key)
        expect(desk).to_contain_text(said)
        assert list_violations(page) == [], key
        assert not is_too_wide(page), key
    press_when_ready(page, "f")
    expect(desk).to_contain_text("窗口空闲")
    assert faces.read(type(ticket), ticket.id).group_id == faces.b.id


def test_keys_for_panels_help_and_search(faces, open_at):
    faces.waiting(1)
    page = open_at(1440, 900)
    sign_in(page, faces)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    assert list_violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#field-q")).to_be_focused()
    page.keyboard.type("a001")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="A001")).to_be_visible()
    assert list_violations(page) == []
    page.go_back()
    press_when_ready(page, "Enter")
    expect(page.locator(".console__now")).to_contain_text("A001")
    press_when_ready(page, "t")
    page.get_by_text("B 出入境").click()
    page.get_by_role("button", name="确认转办").click()
    expect(page.locator("#flashes")).to_contain_text("已转到出入境")


def test_impatient_fingers_call_one_person(faces, open_at):
    for ordinal in (1, 2, 3):
        faces.waiting(ordinal)
    page = open_at(1440, 900)
    sign_in(page, faces)
    for _ in range(4):
        page.keyboard.press("Enter")
    expect(page.locator(".console__now")).to_contain_text("正在呼叫")
    assert [each.state for each in faces.tickets()].count("called") == 1


def test_a_lost_answer_calls_nobody_twice(faces, open_at):
    for ordinal in (1, 2):
        faces.waiting(ordinal)
    page = open_at(1440, 900)
    sign_in(page, faces)
    lost = []

    def lose_first(route):
        if lost:
            return route.continue_()
        lost.append(route.fetch(max_redirects=0).status)  # the server does it, the answer never arrives
        return route.abort()

    page.route("**/next", lose_first)
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/next")):
        page.keyboard.press("Enter")
    assert lost == [303]
    expect(page.locator("#flashes")).to_contain_text("已呼叫 A001")
    assert [each.state for each in faces.tickets()] == ["called", "waiting"]


def test_a_console_without_scripts_works_by_buttons(faces, open_at):
    faces.waiting(1)
    page = open_at(1440, 900, java_script_enabled=False)
    sign_in(page, faces)
    for name, then in [("叫下一位", "正在呼叫"), ("开始办理", "办理中"), ("办结", "窗口空闲")]:
        page.get_by_role("button", name=name).click()
        expect(page.locator(".console__now")).to_contain_text(then)


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 1920)])
def test_the_screen_shows_calls_and_nothing_is_cut(faces, open_at, width, height):
    page = open_at(width, height)
    page.goto("/screen/yunzhou")
    assert list_violations(page) == []
    for ordinal in range(1, 9):
        faces.waiting(ordinal, track="booked")
    client = faces.officer(counter=0)
    call_all(faces, client, 7)
    page.reload()
    assert list_violations(page) == []
    expect(page.locator(".board__number")).to_have_text("A007")
    expect(page.locator(".board__recent-number")).to_have_count(6)
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.board__newest, .board__recent > li, .board__foot')]
           .filter((box) => box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1)
           .map((box) => box.className)"""
    )
    assert cut == []
    covered = page.evaluate(
        """() => {
          const [board, button] = ['board', 'audio-notice'].map((id) => document.getElementById(id));
          button.hidden = false;
          const [above, place] = [board, button].map((one) => one.getBoundingClientRect());
          return [above.bottom > place.top, place.bottom > innerHeight];
        }"""
    )
    assert covered == [False, False], "the button for the sound has a place of its own"


def test_the_screen_flashes_new_and_repeated_calls_only(faces, open_at):
    faces.waiting(1)
    client = faces.officer(counter=0)
    call_all(faces, client, 1, finish=False)
    page = open_at(1920, 1080)
    page.goto("/screen/yunzhou")
    calling = page.locator(".is-calling")
    expect(page.locator(".board__number")).to_have_text("A001")
    expect(calling).to_have_count(0)  # it hung there before this screen came up
    faces.at("09:01")
    press_recall(faces, client)
    expect(calling).to_contain_text("A001")


def press_when_ready(page: Page, key: str) -> None:
    """After a press the console rests for a second."""
    expect(page.locator(".console .key-btn[aria-disabled]")).to_have_count(0)
    page.keyboard.press(key)


def call_all(faces: Faces, client, count: int, *, finish: bool = True) -> None:
    desk = faces.counter_url()
    for _ in range(count):
        press(client, desk, "next")
        ticket = next(each for each in faces.tickets() if each.state == "called")
        if finish:
            press(client, desk, "start", ticket=ticket.id)
            press(client, desk, "finish", ticket=ticket.id)


def press_recall(faces: Faces, client) -> None:
    press(client, faces.counter_url(), "recall", ticket=faces.tickets()[0].id)
