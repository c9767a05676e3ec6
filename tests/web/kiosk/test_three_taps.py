"""A number in three taps, whichever the matter, and everything to tap is seen without scrolling."""

import pytest
from playwright.sync_api import expect

from tests import build
from tests.web.hall_browser import is_too_wide, list_violations, open_page, serving, small_targets

pytestmark = pytest.mark.browser

TAPS = """
addEventListener('pointerdown', () => sessionStorage.setItem('taps', 1 + +sessionStorage.getItem('taps')));
"""
LAST = "姓名变更"
MATTERS = 23  # as many as the longest line of the demonstration's city has


@pytest.fixture
def long_lists(faces):
    """Many matters with long names in line A, one that stands last, in a hall of five lines."""
    lines = [("C", "车驾管", "Vehicles and drivers"), ("D", "治安", "Public order and licences")]
    long = {"name_zh": "机动车登记证书申领、补领、换领", "name_en": "Vehicle registration certificate: apply"}
    online = {"online_url": "https://example.org/do", "machine_zh": "一楼自助机", "machine_en": "Machine"}
    with faces.parts.database.transaction() as session:
        for code, name_zh, name_en in [*lines, ("Z", "综合", "General matters")]:
            build.make_group(session, faces.hall, code, name_zh=name_zh, name_en=name_en)
        for at in range(MATTERS - 2):
            build.make_service(session, faces.a, position=10 + at, **long, **online)
        build.make_service(session, faces.a, position=99, name_zh=LAST, name_en="Change of name")


@pytest.fixture
def page(chromium, faces, long_lists):
    with serving(faces.app) as address:
        page = open_page(chromium, address, 1080, 1920)
        yield page
        page.context.close()


SIZES = [(1080, 1920), (1280, 800)]


@pytest.mark.parametrize("green", ["", "老年人"])
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_three_taps_give_a_number_with_care_and_green_channel(faces, page, size, large, green):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.add_init_script(TAPS)
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    line = page.locator(".kiosk-entry--large .kiosk-item" if large else ".kiosk-item", has_text="户政")
    line.first.click()
    page.get_by_role("link", name=LAST).click()
    page.get_by_role("button", name=green or "取号", exact=True).click()
    expect(page.locator(".kiosk-ticket__number")).to_have_text("A001")
    assert page.evaluate("+sessionStorage.getItem('taps')") == 3
    assert page.locator("html[data-care]").count() == large
    [ticket] = faces.tickets()
    assert (ticket.track, ticket.green_reason) == (("green", "elderly") if green else ("walk_in", None))
    expect(page.locator(".kiosk-ticket")).to_contain_text(LAST)


@pytest.mark.parametrize("size", SIZES)
def test_who_names_no_matter_gets_a_number_of_the_line_in_three_taps(faces, page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.add_init_script(TAPS)
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    page.get_by_role("link", name="户政", exact=True).click()
    page.get_by_role("link", name="户政的其他事项").click()
    page.get_by_role("button", name="取号", exact=True).click()
    expect(page.locator(".kiosk-ticket__number")).to_have_text("A001")
    assert page.evaluate("+sessionStorage.getItem('taps')") == 3
    assert faces.tickets()[0].service_ids == []


BELOW = """[...document.querySelectorAll('a, button')].filter((e) => e.checkVisibility()
  && e.getBoundingClientRect().bottom > innerHeight + 1).map((e) => e.outerHTML.slice(0, 90))"""
CUT = """[...document.querySelectorAll('.kiosk-item')].filter((e) => e.scrollWidth > e.clientWidth + 1
  || e.scrollHeight > e.clientHeight + 1).map((e) => e.textContent)"""


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("care", [0, 1])
@pytest.mark.parametrize("size", [*SIZES, (1920, 1080)])
def test_lines_and_their_matters_are_seen_without_scrolling(faces, page, size, care, lang):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    page.goto(f"/preferences?care={care}&lang={lang}&next=/kiosk/yunzhou/home")
    for path in ("home", "take?line=A", "take?line=B"):
        page.goto(f"/kiosk/yunzhou/{path}")
        assert page.evaluate(BELOW) == [], path
        assert page.evaluate(CUT) == [], path
        assert small_targets(page, 84 if size[1] < 1000 else 90) == [], path
        assert not is_too_wide(page), path
        assert list_violations(page) == [], path
