"""A press that found no line is kept, shown, and sent once when the line is back, also after a reload."""

import pytest
from playwright.sync_api import Browser, expect

from runtime.server_home import wait_until
from tests.web.hall_browser import open_page, serving
from tests.web.test_hall_in_a_browser import press_when_ready, sign_in

pytestmark = pytest.mark.browser

HANGS = 60  # seconds


@pytest.mark.parametrize("reloaded", [False, True])
def test_a_press_without_a_line_is_sent_once_when_it_is_back(chromium: Browser, faces, reloaded):
    for ordinal in (1, 2):
        faces.waiting(ordinal)
    with serving(faces.app) as root:
        page = open_page(chromium, root, 1280, 800)
        sign_in(page, faces)
        page.route("**/next", lambda route: route.abort())
        page.keyboard.press("Enter")
        expect(page.locator("#flashes")).to_contain_text("“叫下一位”已记下")
        page.keyboard.press("Enter")  # impatient: still one wish
        if reloaded:
            page.reload()
            expect(page.locator("#flashes")).to_contain_text("已记下")
        page.unroute("**/next")
        expect(page.locator(".console__now .big-number")).to_have_text("A001")
        page.context.close()
    assert [row.state for row in faces.tickets()] == ["called", "waiting"]


def test_undo_goes_away_by_itself(chromium: Browser, faces):
    faces.waiting(1)
    with serving(faces.app) as root:
        page = open_page(chromium, root, 1280, 800)
        sign_in(page, faces)
        page.keyboard.press("Enter")
        expect(page.locator("[data-key=U]")).to_be_visible()
        expect(page.locator("[data-key=U]")).to_have_count(0)
        page.context.close()


def test_a_finished_visit_comes_back_by_one_key(chromium: Browser, faces):
    faces.waiting(1)
    with serving(faces.app) as root:
        page = open_page(chromium, root, 1280, 800)
        sign_in(page, faces)
        for key, state in (("Enter", "called"), ("s", "serving"), ("f", "completed"), ("u", "serving")):
            press_when_ready(page, key)
            assert wait_until(lambda state=state: faces.tickets()[0].state == state, seconds=HANGS)
        page.context.close()
