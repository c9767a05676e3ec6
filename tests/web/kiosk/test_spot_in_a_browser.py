"""Booking on the spot with fingers: every step fits, passes axe and is forgotten when nobody stays."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from kernel.actor import SYSTEM
from people import devices
from people.models import PhoneCode
from people.phone_codes import code_of
from tests import build
from tests.fakes.printer import recording_printer
from tests.web.hall_browser import (
    is_too_wide,
    list_violations,
    open_page,
    serving,
    small_targets,
    type_as_a_reader,
)

pytestmark = pytest.mark.browser

ID = "11010519491231002X"
OVER = "document.documentElement.scrollHeight - innerHeight"


@pytest.fixture
def stopped(faces):
    with faces.parts.database.transaction() as session:
        for hour in ("10:00", "10:30", "11:00", "14:00", "15:00", "16:00"):
            build.make_slot(session, faces.a, build.at(hour, build.TODAY + timedelta(days=1)))
    faces.at("16:58")
    return faces


@pytest.fixture
def page(chromium, stopped):
    with serving(stopped.app) as address:
        page = open_page(chromium, address, 1080, 1920)
        yield page
        page.context.close()


def start(page, faces, lang="zh"):
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    page.goto(f"/preferences?lang={lang}&next=/kiosk/yunzhou/take/A?service={faces.renewal.code}")
    page.locator(".kiosk-wish .btn--primary").click()
    page.locator(".kiosk-ways").wait_for()
    fits(page)
    page.locator(".kiosk-item--first").click()
    page.locator(".kiosk-offers button").first.wait_for()
    fits(page)
    page.locator(".kiosk-offers button").first.click()


def fits(page):
    """All of it is seen at one sight, in letters as usual and large."""
    page.wait_for_load_state()
    for large in (False, True):
        page.evaluate("(large) => document.documentElement.toggleAttribute('data-care', large)", large)
        assert list_violations(page) == []
        assert not is_too_wide(page)
        assert page.evaluate(OVER) == 0, (page.url, large)
        assert small_targets(page, 84 if page.viewport_size["height"] < 1000 else 90) == []
    page.evaluate("document.documentElement.removeAttribute('data-care')")


def tap(page, text):
    for sign in text:
        page.locator(f'.keypad [data-type="{sign}"]').click()


def go_on(page):
    fits(page)
    page.locator(".kiosk-typed .btn--primary").click()


def code(faces):
    with faces.parts.database.transaction() as session:
        return code_of(session.query(PhoneCode).one())


@pytest.mark.parametrize(
    ("width", "height", "lang"),
    [(1080, 1920, "zh"), (1280, 800, "en"), (1080, 1920, "en"), (1280, 800, "zh")],
)
def test_a_number_is_booked_by_touch_alone_and_its_slip_comes_out(stopped, page, width, height, lang):
    page.set_viewport_size({"width": width, "height": height})
    with recording_printer() as printer:
        with stopped.parts.database.transaction() as session:
            device = devices.find_device(session, stopped.kiosk_token)
            devices.change(
                session, device, shows="", printer=printer.address, actor=SYSTEM, now=build.at("08:00")
            )
        start(page, stopped, lang)
        for field, text in (("document", ID), ("name", "ZHANG SAN"), ("phone", "13800138000")):
            page.locator(f"#field-{field}").wait_for()
            tap(page, text)
            go_on(page)
        page.locator("#field-sms").wait_for()
        sent = code(stopped)
        tap(page, "000000" if sent != "000000" else "111111")
        go_on(page)
        page.locator("#error-summary").wait_for()
        with stopped.parts.database.transaction() as session:
            assert session.query(PhoneCode).one().tries == 1  # one press, one try
        tap(page, sent)
        go_on(page)
        expect(page.locator(".kiosk-print-state")).to_have_text(
            "预约单已打印，请取走" if lang == "zh" else "The slip is printed, please take it"
        )
        fits(page)
    assert len(printer.papers) == 1
    page.locator(".kiosk-after .btn--primary").click()
    page.wait_for_url("**/home")
    page.go_back()
    expect(page.locator("h1")).to_contain_text("没有找到")


def test_a_reader_fills_the_document_and_who_leaves_is_forgotten(stopped, page):
    page.clock.install()
    start(page, stopped)
    page.locator("#field-document").wait_for()
    type_as_a_reader(page, ID)
    expect(page.locator("h1")).to_have_text("请输入姓名")
    assert ID not in page.content()
    page.clock.run_for(91_000)
    page.wait_for_url("**/kiosk/yunzhou/home")
    page.goto("/kiosk/yunzhou/booking")
    expect(page.locator(".keypad")).to_have_count(0)
