"""The pages of a hall's time and numbers, looked at by the system's Chromium."""

from datetime import date

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import update

from booking.publish import publish
from halls.models import PlanLine
from kernel.actor import SYSTEM
from tests.booking.crowded import book_all
from tests.build import TODAY, at
from tests.chromium import follow
from tests.web.hall_browser import open_page, serving
from tests.web.hall_faces import PASSWORD

pytestmark = pytest.mark.browser

BASE = "/admin/plans/yunzhou"


@pytest.fixture
def address(faces):
    with faces.parts.database.transaction() as session:
        session.execute(update(PlanLine).values(counters=1))
        hall = session.merge(faces.hall)
        publish(session, hall.id, first_on=TODAY, last_on=date(2026, 3, 11), actor=SYSTEM, now=at("08:00"))
        book_all(session, hall, TODAY, most=30, now=at("08:00"))
    with serving(faces.app) as address:
        yield address


def sign_in(page, faces):
    faces.officer(roles=("manager", "admin"))
    page.goto("/sign-in")
    page.locator("#field-username").fill(faces.officers[-1].username)
    page.locator("#field-password").fill(PASSWORD)
    follow(page.locator("main button[type=submit]"))


def test_an_emergency_is_closed_without_scripts(chromium: Browser, address, faces):
    page = open_page(chromium, address, 390, 844, java_script_enabled=False)
    sign_in(page, faces)
    page.goto(BASE + "/closures")
    page.locator("#urgent-reason_zh").fill("停电")
    page.get_by_role("button", name="立即关闭").click()
    expect(page.get_by_text("受影响的预约 30 个")).to_be_visible()
    page.get_by_role("button", name="恢复开放").click()
    expect(page.get_by_text("已恢复开放")).to_be_visible()
    page.context.close()


def test_a_week_is_read_on_a_phone_without_scrolling_sideways(chromium: Browser, address, faces):
    page = open_page(chromium, address, 390, 844, java_script_enabled=False)
    sign_in(page, faces)
    page.goto(BASE)
    week = page.locator(".table-wrap").first
    expect(week.locator("select[name=starts]").first).to_be_visible()
    assert week.evaluate("each => each.scrollWidth - each.clientWidth") == 0
    assert {"星期", "开始", "结束", "窗口数"} <= set(
        week.locator("td").evaluate_all("cells => cells.map(each => each.dataset.head)")
    )
    page.context.close()


def test_stranded_bookings_are_decided_about_without_scripts(chromium: Browser, address, faces):
    page = open_page(chromium, address, 1280, 800, java_script_enabled=False)
    sign_in(page, faces)
    page.goto(BASE)
    page.locator("select[name=starts]").first.select_option("12:00")
    page.get_by_role("button", name="检查并保存").click()
    expect(page.get_by_role("heading", name="这些预约会受影响")).to_be_visible()
    page.get_by_role("button", name="按此保存").click()
    expect(page.get_by_text("已保存并重新放号")).to_be_visible()
    page.context.close()
