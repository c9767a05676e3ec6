"""A picture that was sent in, in a browser: on the material's page and where citizens see it."""

import pytest
from playwright.sync_api import Browser, expect

from people.models import Staff
from tests.catalog.test_picture_file import picture
from tests.web.hall_browser import is_too_wide, list_violations, open_page, serving, small_targets
from tests.web.staff_pages.conftest import Pages
from tests.web.staff_pages.test_closure_reasons import closure
from tests.web.staff_pages.test_editing_services import FORM
from tests.web.staff_pages.test_every_page_in_a_browser import sign_in
from tests.web.staff_pages.test_pictures_of_materials import WORDS

__all__ = ["closure"]  # fixture


def wrong_with(page):
    return [*list_violations(page), *small_targets(page, 24), *(["too wide"] if is_too_wide(page) else [])]


@pytest.fixture
def service(faces):
    client = faces.officer(roles=("admin",))
    with faces.parts.database.transaction() as session:
        session.get(Staff, faces.officers[-1].id).hall_ids = None
    Pages(client).send("/admin/services/new", code="id-card", **FORM)
    return "/admin/services/id-card"


@pytest.mark.browser
def test_a_picture_is_sent_in_and_seen_on_a_narrow_screen(chromium: Browser, faces, service):
    with serving(faces.app) as root:
        page = open_page(chromium, root, 320, 640)
        sign_in(page, faces)
        page.goto(service)
        page.locator("#field-summary_zh").fill("没有保存的话")
        page.get_by_role("button", name="居民身份证").first.click()
        file = {"name": "a.png", "mimeType": "image/png", "buffer": picture()}
        page.locator("#field-picture_file").set_input_files(file)
        for name, words in WORDS.items():
            page.locator(f"#field-{name}").fill(words)
        page.locator("main form button[type=submit]").click()
        expect(page.locator("#field-summary_zh")).to_have_value("没有保存的话")
        page.get_by_role("button", name="居民身份证").first.click()
        expect(page.locator("#field-picture_file")).to_be_visible()
        assert wrong_with(page) == []
        page.context.add_cookies([{"name": "care", "value": "1", "url": root}])
        page.goto("/services/id-card")
        assert wrong_with(page) == []
        seen = page.get_by_role("img", name=WORDS["picture_zh"])
        seen.scroll_into_view_if_needed()
        page.wait_for_function("() => document.querySelector('.sample img').naturalWidth > 0")
        seen.click()
        page.wait_for_url("**/pictures/*.jpg")
        page.context.close()


@pytest.mark.browser
def test_the_form_for_another_reason_is_accessible_on_a_narrow_screen(
    chromium: Browser, faces, service, closure
):
    with serving(faces.app) as root:
        page = open_page(chromium, root, 320, 640)
        sign_in(page, faces)
        page.goto(f"/admin/plans/{faces.hall.code}/closures")
        page.locator("summary", has_text="改原因").click()
        expect(page.locator(f"#reason-zh-{closure}")).to_be_visible()
        assert wrong_with(page) == []
        page.locator(f"#reason-zh-{closure}").fill("停电")
        page.locator("details button[type=submit]").click()
        expect(page.locator("td", has_text="停电").first).to_be_visible()
        page.context.close()
