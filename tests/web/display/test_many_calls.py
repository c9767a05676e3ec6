"""More open calls than a layout has rows: each is seen and said, in letters as large as ever."""

import re

import pytest
from playwright.sync_api import expect

from halls.models import Hall
from halls.screen_edit import save_screens
from halls.screens import LAYOUTS
from kernel.actor import SYSTEM
from kernel.clock import now as edge_now
from queueing.call_next import call_next
from queueing.counters import open_counter
from tests import build
from tests.queueing.hall_day import officer_of
from tests.web.display.test_screen_in_a_browser import EARS, silence
from tests.web.hall_browser import list_violations, open_page, serving

OPEN = 9


def seat(faces, numbers, **values):
    """More counters, each open; their ids with their officers."""
    with faces.parts.database.transaction() as session:
        made = []
        for number in numbers:
            counter = build.make_counter(session, faces.hall, [faces.a], number)
            officer = officer_of(build.make_staff(session))
            open_counter(session, counter.id, actor=officer, now=edge_now())
            made.append((counter.id, officer))
        return made


def call_all(faces, seats):
    for ordinal, (counter_id, officer) in enumerate(seats, 1):
        faces.waiting(ordinal)
        with faces.parts.database.transaction() as session:
            assert call_next(session, counter_id, actor=officer, now=edge_now()) is not None


def set_distance(faces, metres, zones=()):
    with faces.parts.database.transaction() as session:
        hall = session.get(Hall, faces.hall.id)
        values = {"last_chair_m": metres, "zones": list(zones)}
        save_screens(session, hall, values, version=hall.policy_version, actor=SYSTEM, now=build.at("08:00"))


LABELS = {f"A{ordinal:03d}" for ordinal in range(1, OPEN + 1)}
ZONE = {"code": "east", "name_zh": "东区", "groups": ["A"]}


@pytest.mark.parametrize("path", ["", "/zone/east"])
@pytest.mark.parametrize("metres", [12, 20, 28])
def test_every_open_call_stands_on_a_page_of_the_screen(faces, metres, path):
    set_distance(faces, metres, [ZONE])
    call_all(faces, seat(faces, range(3, 3 + OPEN)))
    page = faces.app.test_client().get(f"/screen/yunzhou{path}").text
    assert set(re.findall(r'data-say="(A\d+)"', page)) == LABELS
    rows = next(layout.rows for layout, reach in zip(LAYOUTS, (12, 20, 28), strict=True) if reach == metres)
    pages = -(-(OPEN - 1) // rows)
    assert f'data-pages="{pages}"' in page
    assert page.count("<li data-page") + page.count('<li class="board__free"') == pages * rows


def test_a_call_that_stands_is_not_pushed_off_a_screen_of_few_rows_by_answered_ones(faces):
    set_distance(faces, 28)
    (first, officer), *others = seat(faces, range(3, 9))
    faces.waiting(1)
    with faces.parts.database.transaction() as session:
        call_next(session, first, actor=officer, now=edge_now())
    for ordinal, (counter_id, other) in enumerate(others, 2):
        faces.waiting(ordinal)
        with faces.parts.database.transaction() as session:
            called = call_next(session, counter_id, actor=other, now=edge_now())
            called.state = "serving"
    page = faces.app.test_client().get("/screen/yunzhou").text
    assert "A001" in re.findall(r'data-say="(A\d+)"', page)
    assert 'data-pages="1"' in page


@pytest.fixture
def screen(chromium, faces):
    with serving(faces.app) as address:
        page = open_page(chromium, address, 1920, 1080)
        page.add_init_script(EARS)
        page.route("**/screen-clips/*", lambda route: route.fulfill(body=silence(), content_type="audio/wav"))
        yield page
        page.context.close()


SEEN = """[...document.querySelectorAll('#board [data-say]')].filter((e) => e.offsetParent)
  .map((e) => e.dataset.say)"""
SAID = """[...window.heard.join(' ').matchAll(/zh-please zh-A zh-(.) zh-(.) zh-(.)/g)]
  .map(([, x, y, z]) => `A${x}${y}${z}`)"""


@pytest.mark.browser
def test_every_open_call_is_said_once_and_seen(faces, screen):
    set_distance(faces, 28)
    seats = seat(faces, range(3, 3 + OPEN))
    screen.goto("/screen/yunzhou")
    expect(screen.locator(".board__empty")).to_be_visible()
    call_all(faces, seats)
    seen, said = set(), set()
    for _half_second in range(600):
        seen |= set(screen.evaluate(SEEN))
        said = set(screen.evaluate(SAID))
        if said == seen == LABELS:
            break
        screen.wait_for_timeout(500)
    assert seen == LABELS
    assert said == LABELS
    assert screen.evaluate("window.heard.filter((name) => name === 'chime').length") == OPEN
    assert screen.evaluate("window.overlaps") == 0


CUT = """[...document.querySelectorAll('.board__recent > li, .board__head > *')].filter((e) => e.offsetParent
  && (e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth
      || e.getBoundingClientRect().bottom > innerHeight)).map((e) => e.outerHTML.slice(0, 90))"""


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 1920)])
def test_pages_fit_in_letters_as_large_as_the_settings_promise(faces, screen, width, height):
    screen.set_viewport_size({"width": width, "height": height})
    call_all(faces, seat(faces, range(3, 3 + OPEN)))
    for metres, layout in zip((12, 20, 28), LAYOUTS, strict=True):
        set_distance(faces, metres)
        screen.goto("/screen/yunzhou")
        row = screen.locator(".board__recent > li[data-call]").first
        share = layout.share_portrait if height > width else layout.share
        assert row.evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)") == pytest.approx(
            share * height, rel=0.02
        )
        expect(screen.locator("[data-page-words]")).to_contain_text(f"/{-(-(OPEN - 1) // layout.rows)}")
        assert screen.evaluate(CUT) == [], layout
        assert screen.evaluate("document.documentElement.scrollHeight") <= height
        assert list_violations(screen) == []
