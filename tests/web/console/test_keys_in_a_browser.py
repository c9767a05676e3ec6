"""Keys where they could do harm: in open forms, with a Chinese input method, held down, in a long list."""

import re

import pytest
from playwright.sync_api import Browser, expect

from queueing.counters import session_of_counter
from tests import build
from tests.web.hall_browser import open_page, serving
from tests.web.test_hall_in_a_browser import sign_in

pytestmark = pytest.mark.browser

#: What Chromium tells of a key while a Chinese input method is on.
PROCESS = """([key, code, shiftKey]) => document.body.dispatchEvent(
  new KeyboardEvent('keydown', { key, code, shiftKey, bubbles: true, cancelable: true }))"""

REFRESH = """async () =>
  (await import('/static/js/fragment.js')).refresh(document.getElementById('desk'))"""


@pytest.fixture
def desk(chromium: Browser, faces):
    for ordinal in (1, 2):
        faces.waiting(ordinal, service_ids=[faces.renewal.id])
    with serving(faces.app) as root:
        page = open_page(chromium, root, 1280, 800)
        sign_in(page, faces)
        yield page
        page.context.close()


def ready(page):
    """The console takes no second press within a second, nor before the first was answered."""
    expect(page.locator(".console .key-btn").first).to_be_visible()
    expect(page.locator(".console .key-btn[aria-disabled]")).to_have_count(0)


def now(page):
    return page.locator(".console__now .big-number")


def test_enter_in_an_open_form_sends_that_form_and_calls_nobody(desk, faces):
    desk.keyboard.press("p")
    expect(desk.locator("#pause input:checked")).to_be_focused()
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    expect(now(desk)).to_have_text("用餐")
    assert [row.state for row in faces.tickets()] == ["waiting", "waiting"]
    with faces.parts.database.transaction() as session:
        running = session_of_counter(session, faces.counters[0].id)
        assert (running.state, running.pause_reason) == ("paused", "meal")


@pytest.fixture
def serving_one(desk):
    for key in ("Enter", "s"):
        desk.keyboard.press(key)
        ready(desk)
    expect(desk.locator(".console__now .tag").first).to_have_text("办理中")
    return desk


def test_a_room_is_typed_and_sent_by_keys_alone(serving_one, faces):
    desk = serving_one
    desk.keyboard.press("o")
    expect(desk.locator("#key-O input:checked")).to_be_focused()
    desk.keyboard.press("ArrowDown")
    expect(desk.locator("#key-O input[value=payment]")).to_be_checked()
    desk.keyboard.press("Tab")
    room = desk.locator("#field-room")
    expect(room).to_be_focused()
    assert room.evaluate("field => field.list.options.length") > 0
    expect(desk.locator("#key-O")).not_to_contain_text("<")
    desk.keyboard.press("3")
    desk.keyboard.press("Enter")
    expect(desk.locator(".console__side .tag")).to_have_text("3号室")
    parked = [(row.park_reason, row.room) for row in faces.tickets() if row.state == "parked"]
    assert parked == [("payment", "3号室")]


@pytest.mark.parametrize("leave", [False, True], ids=["inside", "outside"])
def test_no_key_acts_on_the_console_while_a_form_is_open(serving_one, faces, leave):
    desk = serving_one
    desk.keyboard.press("o")
    expect(desk.locator("#key-O input:checked")).to_be_focused()
    if leave:
        desk.evaluate("document.activeElement.blur()")
    asked = []
    desk.on("request", lambda request: request.method == "POST" and asked.append(request.url))
    for key in "fptw1?/":
        desk.keyboard.press(key)
    expect(desk.locator(".key-details[open]")).to_have_count(1)
    expect(desk.locator("#keys[open]")).to_have_count(0)
    expect(desk.locator("#field-q")).not_to_be_focused()
    desk.keyboard.press("Escape")
    expect(desk.locator(".key-details[open]")).to_have_count(0)
    assert asked == []
    assert [row.state for row in faces.tickets()] == ["serving", "waiting"]
    desk.keyboard.press("f")
    expect(now(desk)).to_have_text("1 人等候")


def test_nobody_misses_a_call_by_a_key_that_was_meant_for_a_form(desk, faces):
    desk.keyboard.press("Enter")
    expect(now(desk)).to_have_text("A001")
    ready(desk)
    desk.keyboard.press("t")
    expect(desk.locator("#key-T[open]")).to_have_count(1)
    desk.keyboard.press("n")
    desk.keyboard.press("Escape")
    desk.keyboard.press("s")
    expect(desk.locator(".console__now .tag").first).to_have_text("办理中")
    assert [row.absences for row in faces.tickets()] == [0, 0]


def test_enter_sends_the_open_form_also_when_the_focus_has_left_it(desk, faces):
    desk.keyboard.press("p")
    expect(desk.locator("#pause input:checked")).to_be_focused()
    desk.evaluate("document.activeElement.blur()")
    desk.evaluate(PROCESS, ["Process", "Enter", False])
    expect(now(desk)).to_have_text("休息")
    assert [row.state for row in faces.tickets()] == ["waiting", "waiting"]


def test_escape_closes_an_open_form_and_enter_calls_again(desk):
    desk.keyboard.press("p")
    expect(desk.locator("#pause[open]")).to_have_count(1)
    desk.keyboard.press("Escape")
    expect(desk.locator("#pause[open]")).to_have_count(0)
    desk.keyboard.press("Enter")
    expect(now(desk)).to_have_text("A001")


def test_keys_work_with_a_chinese_input_method_on(desk):
    desk.evaluate(PROCESS, ["Process", "Enter", False])
    expect(now(desk)).to_have_text("A001")
    ready(desk)
    desk.evaluate(PROCESS, ["Process", "KeyN", False])
    expect(now(desk)).to_have_text("1 人等候")
    ready(desk)
    desk.evaluate(PROCESS, ["Process", "Digit5", False])  # who missed the call is back
    expect(now(desk)).to_have_text("2 人等候")
    desk.evaluate(PROCESS, ["、", "Slash", False])
    expect(desk.locator("#field-q")).to_be_focused()
    desk.keyboard.press("Escape")
    desk.evaluate(PROCESS, ["？", "Slash", True])
    expect(desk.locator("#keys[open]")).to_have_count(1)


def test_a_key_that_is_held_down_is_one_press(desk, faces):
    for _ in range(8):
        desk.keyboard.down("Enter")
    desk.keyboard.up("Enter")
    expect(now(desk)).to_have_text("A001")
    assert sorted(row.state for row in faces.tickets()) == ["called", "waiting"]


def test_what_can_be_undone_counts_its_seconds_down(desk):
    desk.keyboard.press("Enter")
    words = desk.locator(".undo .btn span")
    expect(words).to_have_text(re.compile("撤销 A001 的上一步（还剩 [1-7] 秒）"))


def test_a_long_list_of_matters_is_narrowed_by_typing_and_ticked_by_enter(desk, faces):
    with faces.parts.database.transaction() as session:
        group = session.merge(faces.a, load=True)
        for n in range(9):
            build.make_service(session, group, name_zh=f"事项{n}号")
    desk.reload()
    for key in ("Enter", "s"):
        desk.keyboard.press(key)
        ready(desk)
    expect(desk.locator(".console__now .tag").first).to_have_text("办理中")
    desk.keyboard.press("a")
    field = desk.locator("#field-narrow")
    expect(field).to_be_focused()
    field.press_sequentially("项7")
    left = desk.locator("[data-narrowed] .choice:visible input")
    expect(left).to_have_count(2)  # what is ticked already stays in sight
    faces.waiting(3)  # the desk is fetched anew: the next key still meets the field
    assert desk.evaluate(REFRESH) == "swapped"
    expect(field).to_be_focused()
    expect(left).to_have_count(2)
    desk.keyboard.press("Enter")
    expect(field).to_have_value("")
    desk.keyboard.press("Enter")
    expect(desk.locator("#flashes")).to_contain_text("办理事项已更正")
    expect(desk.locator(".matter summary b")).to_have_count(2)
    expect(desk.locator(".matter summary").nth(1)).to_contain_text("事项7号")
