"""What a screen says and how large it writes, in a real browser; sounds are recorded instead of heard."""

import io
import re
import wave

import pytest
from playwright.sync_api import expect

from halls.models import Hall
from halls.screen_edit import save_screens
from halls.screens import LAYOUTS
from kernel.actor import SYSTEM
from kernel.clock import now as edge_now
from people import devices
from people.staff import actor_of
from queueing import serve
from tests import build
from tests.web.hall_browser import list_violations, open_page, serving
from tests.web.hall_faces import press

pytestmark = pytest.mark.browser

EARS = """
window.heard = []; window.speaking = 0; window.overlaps = 0;
HTMLMediaElement.prototype.play = function () {
  const name = this.src.split('/').at(-1).split('?')[0].replace('.wav', '');
  if ((window.missing && name.startsWith('zh')) || name === window.lacks) {
    setTimeout(() => this.onerror?.());
    return Promise.resolve();
  }
  window.overlaps += window.speaking; window.speaking += 1; window.heard.push(name);
  setTimeout(() => { window.speaking -= 1; this.onended?.(); }, 40);
  return Promise.resolve();
};
"""


def silence():
    """A tenth of a second of it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as clip:
        clip.setparams((1, 1, 8000, 0, "NONE", ""))
        clip.writeframes(bytes([128]) * 800)
    return file.getvalue()


@pytest.fixture
def address(faces):
    with serving(faces.app) as address:
        yield address


@pytest.fixture
def page(chromium, address):
    page = open_page(chromium, address, 1920, 1080)
    page.add_init_script(EARS)
    # Every clip is there: one that the server has not would be missing as soon as it says so.
    page.route("**/screen-clips/*", lambda route: route.fulfill(body=silence(), content_type="audio/wav"))
    yield page
    page.context.close()


def set_screens(faces, **values):
    with faces.parts.database.transaction() as session:
        hall = session.get(Hall, faces.hall.id)
        version = hall.policy_version
        save_screens(session, hall, values, version=version, actor=SYSTEM, now=build.at("08:00"))


def call(faces, *lines, first=0):
    """One ticket of each line called, at counters 1, 2."""
    for at, line in enumerate(lines, first):
        faces.waiting(12, line)
        press(faces.officer(counter=at), faces.counter_url(at), "next")


def hear(page, count):
    for _half_second in range(120):
        heard = page.evaluate("window.heard")
        if len(heard) >= count:
            break
        page.wait_for_timeout(500)
    return heard


ZH = ["zh-please", "zh-A", "zh-0", "zh-1", "zh-2", "zh-number", "zh-to", "zh-1", "zh-window"]
EN = ["en-number", "en-A", "en-0", "en-1", "en-2", "en-to", "en-1"]


def test_a_call_is_chimed_and_said_twice_then_in_english(faces, page):
    set_screens(faces, english=True)
    page.goto("/screen/yunzhou")
    call(faces, faces.a)
    assert hear(page, 1 + 2 * len(ZH) + len(EN)) == ["chime", *ZH, *ZH, *EN]


def test_who_is_sent_to_a_room_is_called_there(faces, page):
    set_screens(faces, english=True)
    page.goto("/screen/yunzhou")
    call(faces, faces.a)
    counter = 1 + 2 * len(ZH) + len(EN)
    hear(page, counter)
    desk, ticket = faces.officers[-1], faces.tickets()[-1]
    with faces.parts.database.transaction() as session:
        serve.start_serving(session, ticket, actor=actor_of(desk), now=edge_now())
    faces.at("09:04")  # the call itself would be too old to be said
    with faces.parts.database.transaction() as session:
        serve.park(session, ticket, actor=actor_of(desk), now=edge_now(), reason="photo", room="照相室")
    room = ["zh-please", "zh-A", "zh-0", "zh-1", "zh-2", "zh-number", "zh-to", "zh-photo-room"]
    english = ["en-number", "en-A", "en-0", "en-1", "en-2", "en-look"]
    heard = hear(page, counter + 1 + 2 * len(room) + len(english))
    assert heard[counter:] == ["chime", *room, *room, *english]
    expect(page.locator(".board__newest")).to_contain_text("到 照相室")


def test_a_room_that_nobody_recorded_silences_no_other_call(faces, page):
    page.add_init_script("window.lacks = 'zh-photo-room'")
    page.goto("/screen/yunzhou")
    call(faces, faces.a)
    before = len(hear(page, 1 + 2 * len(ZH)))
    desk, ticket = faces.officers[-1], faces.tickets()[-1]
    with faces.parts.database.transaction() as session:
        serve.start_serving(session, ticket, actor=actor_of(desk), now=edge_now())
    faces.at("09:01")
    with faces.parts.database.transaction() as session:
        serve.park(session, ticket, actor=actor_of(desk), now=edge_now(), reason="photo", room="照相室")
    said = len(hear(page, before + 8))
    call(faces, faces.b, first=1)
    assert "zh-B" in hear(page, said + 1 + len(ZH))[said:]


def test_two_counters_never_speak_over_each_other(faces, page):
    page.goto("/screen/yunzhou")
    call(faces, faces.a, faces.b)
    heard = hear(page, 2 + 3 * len(ZH))
    assert heard.count("chime") == 2
    assert page.evaluate("window.overlaps") == 0
    second = heard[heard.index("chime", 1) :]
    assert "zh-2" in second


def test_what_was_called_before_and_what_is_old_is_not_said(faces, page):
    call(faces, faces.a)
    page.goto("/screen/yunzhou")
    faces.at("09:05")
    call(faces, faces.b, first=1)
    faces.at("09:07")
    page.wait_for_timeout(11_000)  # the screen asks by itself every ten seconds
    expect(page.locator("#board")).to_contain_text("B012")
    assert page.evaluate("window.heard") == []


def test_silent_calling_flashes_only(faces, page):
    set_screens(faces, silent=True)
    page.goto("/screen/yunzhou")
    call(faces, faces.a)
    expect(page.locator(".board__newest.is-calling")).to_be_visible()
    assert page.evaluate("window.heard") == []


def test_who_wants_no_sound_flashes_and_is_not_said_while_others_are(faces, page):
    page.goto("/screen/yunzhou")
    faces.waiting(11, faces.a, silent=True, due_at=build.at("08:30"))
    press(faces.officer(counter=0), faces.counter_url(0), "next")
    expect(page.locator(".board__newest.is-calling .board__number")).to_have_text("A011")
    assert page.evaluate("window.heard") == []
    call(faces, faces.b, first=1)
    assert "zh-B" in hear(page, 1 + len(ZH))


def test_without_clips_the_chime_remains(faces, page):
    page.goto("/screen/yunzhou")
    page.evaluate("window.missing = true")
    call(faces, faces.a)
    assert hear(page, 1) == ["chime"]
    expect(page.locator("#audio-notice")).to_be_hidden()


def test_numbers_of_counters_are_read_as_people_say_them(page):
    page.goto("/screen/yunzhou")
    said = page.evaluate(
        """async () => { const { chineseNumber } = await import('/static/js/speech.js');
        return [3, 10, 12, 20, 21, 105].map((n) => chineseNumber(n).map((w) => w.slice(3)).join(' ')); }"""
    )
    assert said == ["3", "ten", "ten 2", "2 ten", "2 ten 1", "1 0 5"]


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 1920)])
def test_calls_are_written_as_large_as_the_settings_promise(faces, page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    call(faces, faces.a, faces.b)
    for metres, layout in zip((12, 20, 28), LAYOUTS, strict=True):
        set_screens(faces, last_chair_m=metres, portrait=False)
        page.goto("/screen/yunzhou")
        cells = page.locator(".board__recent > li[data-call]")
        size = cells.first.evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)")
        share = layout.share_portrait if height > width else layout.share
        assert size == pytest.approx(share * height, rel=0.02), layout
        # Also a booked person at a counter of two digits has room.
        fits = """(e) => { e.lastElementChild.firstChild.textContent = '12';
          e.firstElementChild.insertAdjacentHTML('beforeend', '<span class="board__track">预约</span>');
          return e.scrollWidth <= e.clientWidth + 1 && e.getBoundingClientRect().right <= innerWidth; }"""
        assert cells.first.evaluate(fits), layout
        assert list_violations(page) == []


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 1920)])
def test_they_are_as_large_while_lines_are_marked_as_closed(faces, page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    names = [("C", "车驾管", "Vehicles and drivers"), ("D", "治安", "Public order"), ("E", "综合", "General")]
    with faces.parts.database.transaction() as session:
        lines = [
            build.make_group(session, faces.hall, code, name_zh=name_zh, name_en=name_en)
            for code, name_zh, name_en in names
        ]
    for line in lines:
        faces.waiting(1, line)
    call(faces, faces.a, faces.b)
    faces.at("17:05")
    for metres, layout in zip((12, 20, 28), LAYOUTS, strict=True):
        set_screens(faces, last_chair_m=metres, portrait=False)
        page.goto("/screen/yunzhou")
        expect(page.locator("li:not(.board__closed) > .board__closed")).to_have_count(len(lines))
        share = layout.share_portrait if height > width else layout.share
        for hour in ("", "is-swapped"):  # its sides are swapped each hour
            page.evaluate("(name) => { document.body.className = name; }", hour)
            cell = page.locator(".board__recent > li[data-call]").first
            size = cell.evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)")
            assert size == pytest.approx(share * height, rel=0.02), (layout, hour)


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 1920)])
def test_the_screen_of_a_window_fits_and_passes_axe(faces, page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    page.goto("/screen/yunzhou/window/1")
    call(faces, faces.a)
    page.reload()
    expect(page.locator(".window__ticket")).to_have_text("A012")
    assert page.locator(".window__ticket").evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)") > 200
    assert list_violations(page) == []
    assert page.evaluate("document.documentElement.scrollHeight") <= height


def test_a_withdrawn_screen_ends_by_itself_also_when_the_nudge_is_lost(faces, page):
    with faces.parts.database.transaction() as session:
        facts = {"actor": SYSTEM, "now": build.at("08:00")}
        _row, secret = devices.enrol(session, kind="display", hall_id=faces.hall.id, name="北墙", **facts)
    page.goto(f"/my-screen/start?device={secret}")
    expect(page.locator(".board__arrival")).to_be_visible()
    with faces.parts.database.transaction() as session:
        devices.revoke(session, devices.find_device(session, secret), **facts)
    expect(page.locator("h1")).to_contain_text("这台设备还不能用")
    expect(page.locator("#board")).to_have_count(0)


def test_a_screen_moves_a_little_each_minute_and_swaps_its_sides_each_hour_as_letters_would_burn_in(page):
    page.clock.install()
    page.goto("/screen/yunzhou")
    moved = []
    for _ in range(4):
        page.clock.run_for(60_000)
        moved.append(page.locator("#main").evaluate("main => getComputedStyle(main).translate"))
    assert len(set(moved)) == 4
    swapped = re.compile(r"\bis-swapped\b")
    expect(page.locator("body")).not_to_have_class(swapped)
    for _ in range(56):
        page.clock.run_for(60_000)
    expect(page.locator("body")).to_have_class(swapped)
