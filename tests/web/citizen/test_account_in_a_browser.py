"""The pages of a returning citizen as readers meet them: axe, narrow phones, large targets."""

import pytest
from sqlalchemy import update

from catalog.models import Service
from tests.chromium import follow
from tests.people.test_saved_persons import save
from tests.web.citizen.test_in_a_browser import WAYS, address, complaints, context, violations
from tests.web.citizen.town import LOST, NUMBER

__all__ = ["address", "context"]
pytestmark = pytest.mark.browser


def choose_first_slot(page, service):
    page.goto(f"/services/{service}/halls/city-hall?a={LOST}")
    page.locator("input[name=starts_at]:not([disabled]) + label").first.click()
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url("**/booking/who")


@pytest.mark.parametrize("way", WAYS)
def test_pages_of_a_returning_citizen_can_be_read_and_pressed(town, context, way):
    cookies, least = WAYS[way]
    with town.parts.database.transaction() as session:
        session.execute(update(Service).values(by_post=True))
        save(session, 31, name="王小明", phone="+8613800138000")
    page, found = context.new_page(), {}
    page.goto("/health")
    context.add_cookies([{"name": name, "value": value, "url": page.url} for name, value in cookies.items()])

    def look(path=""):
        if path:
            page.goto(path)
        found[path or page.url] = complaints(page, least) + violations(page)

    choose_first_slot(page, "id-card-renewal")
    look("/")
    page.goto("/booking/who")
    for field, text in (("name", "欧阳娜娜"), ("number", NUMBER), ("phone", "13800138000")):
        page.fill(f"#field-{field}", text)
    page.locator("label[for=field-agree]").click()
    page.locator("button[value=send]").click()
    page.wait_for_selector("#flashes .note")
    page.fill("#field-code", town.newest_code())
    look()
    page.locator("button[value=next].btn").click()
    page.wait_for_url("**/booking/check")
    look()
    look("/booking/delivery")
    follow(page.locator("button[value=post]"))
    look()  # what is wrong with it
    page.goto("/booking/check")
    page.locator(".sticky-bar button").click()
    page.wait_for_url("**/b/*")
    look(f"{page.url}/slip")
    choose_first_slot(page, "passport")
    for path in ("/booking/who", "/h/city-hall/passport/poster", "/my", "/my/account", "/my/data"):
        look(path)
    look("/my/forget?sent=1")
    assert {path: told for path, told in found.items() if told} == {}
