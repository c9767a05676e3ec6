"""The pages where administrators write guides, services, packages, halls and tables, seen by Chromium."""

import pytest
from playwright.sync_api import Browser
from sqlalchemy import update

from booking.publish import publish
from halls.models import PlanLine
from kernel.actor import SYSTEM
from people.models import Staff
from tests.booking.crowded import book_all
from tests.build import TODAY, at
from tests.web.hall_browser import is_too_wide, list_violations, open_page, serving, small_targets
from tests.web.hall_faces import PASSWORD

pytestmark = pytest.mark.browser

PAGES = (
    "services/{service}",
    "guides/{service}",
    "guides/{service}/questions/new",
    "packages/new",
    "tables/plan",
    "halls/{hall}",
    "halls/{hall}/groups/{group}",
)


@pytest.fixture
def address(faces):
    faces.officer(roles=("admin",))
    with faces.parts.database.transaction() as session:
        session.get(Staff, faces.officers[-1].id).hall_ids = None
        session.execute(update(PlanLine).values(counters=1))
        hall = session.merge(faces.hall)
        publish(session, hall.id, first_on=TODAY, last_on=TODAY, actor=SYSTEM, now=at("08:00"))
        book_all(session, hall, TODAY, now=at("08:00"))
    with serving(faces.app) as address:
        yield address


def sign_in(page, faces):
    page.goto("/sign-in")
    page.locator("#field-username").fill(faces.officers[-1].username)
    page.locator("#field-password").fill(PASSWORD)
    page.locator("main button[type=submit]").click()


@pytest.mark.parametrize("size", [(320, 640)])
def test_the_pages_are_accessible_and_fit(chromium: Browser, address, faces, size):
    page = open_page(chromium, address, *size, java_script_enabled=True)
    sign_in(page, faces)
    names = {"service": faces.renewal.code, "hall": faces.hall.code, "group": faces.a.code}
    found = {}
    for path in PAGES:
        answer = page.goto("/admin/" + path.format(**names))
        wrong = (
            [] if answer.ok else [answer.status],
            list_violations(page),
            ["too wide"] if is_too_wide(page) else [],
            small_targets(page, 24),
        )
        if any(wrong):
            found[path] = [each for each in wrong if each]
    assert found == {}
    page.context.close()
