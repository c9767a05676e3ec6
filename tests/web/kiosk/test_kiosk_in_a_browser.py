"""Paper, a cut line and a pairing code, under real fingers."""

import os
import re

import pytest
from playwright.sync_api import expect

from kernel.actor import SYSTEM
from people import devices
from people.citizens import identity_index
from tests import build
from tests.fakes.printer import find_code, recording_printer
from tests.web.hall_browser import (
    is_too_wide,
    list_violations,
    open_page,
    serving,
    small_targets,
    type_as_a_reader,
)
from web.kiosk import raster
from web.qr import modules

pytestmark = pytest.mark.browser


@pytest.fixture
def address(faces):
    with serving(faces.app) as address:
        yield address


@pytest.fixture
def page(chromium, address):
    page = open_page(chromium, address, 1080, 1920)
    yield page
    page.context.close()


def let_print(faces, address):
    with faces.parts.database.transaction() as session:
        device = devices.find_device(session, faces.kiosk_token)
        devices.change(session, device, shows="", printer=address, actor=SYSTEM, now=build.at("08:00"))


def take(page, faces, path="take/A"):
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    page.goto(f"/kiosk/yunzhou/{path}")
    page.locator(".kiosk-wish .btn--primary").click()


def test_a_ticket_of_a_visit_of_two_lines_is_one_slip_of_paper(faces, page):
    legs = [{"group_id": faces.b.id, "service_ids": [faces.passport.id]}]
    booked = {"track": "booked", "slot_starts_at": build.at("09:00"), "service_ids": [faces.renewal.id]}
    ticket = faces.waiting(12, legs=legs, **booked)
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    for language in ("zh", "en"):
        page.goto(f"/preferences?lang={language}&next=/kiosk/yunzhou/ticket/{ticket.reference}")
        expect(page.locator(".facts")).to_contain_text("出入境" if language == "zh" else "Exit and entry")
        if os.environ.get("YOUHAO_SHOTS"):
            page.emulate_media(media="print")
            page.set_viewport_size({"width": 272, "height": 386})
            page.screenshot(path=f"{os.environ['YOUHAO_SHOTS']}/kiosk-{language}.png", full_page=True)
            page.emulate_media(media="null")
        assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == 1


def ink(rows):
    return sum(byte.bit_count() for row in rows for byte in row) / (len(rows) * raster.WIDTH_DOTS)


def test_a_ticket_comes_out_by_itself_once_and_its_code_leads_to_the_live_page(faces, page):
    with recording_printer() as printer:
        let_print(faces, printer.address)
        take(page, faces)
        expect(page.locator(".kiosk-print-state")).to_have_text("小票已打印，请取走")
        page.reload()
        expect(page.locator(".kiosk-ticket__number")).to_have_text("A001")
        page.get_by_role("button", name="打印小票").click()
        expect(page.locator(".kiosk-print-state")).to_have_text("小票已打印，请取走")
        assert list_violations(page) == []
    assert len(printer.papers) == 2
    assert printer.papers[0] == printer.papers[1]
    [rows, _again] = printer.papers
    assert 500 < len(rows) < raster.MOST_ROWS
    assert 0.02 < ink(rows) < 0.35
    assert find_code(rows, modules(f"http://127.0.0.1:8000/q/{faces.tickets()[0].reference}"))


@pytest.mark.parametrize("care", [0, 1])
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", [(1080, 1920), (1280, 800), (1024, 600)])
def test_number_fault_buttons_and_foot_are_seen_together(faces, page, size, lang, care):
    width, height = size
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    page.goto(f"/preferences?lang={lang}&care={care}&next=/kiosk/yunzhou/home")
    with recording_printer() as printer:
        let_print(faces, printer.address)
        printer.run_out_of_paper()
        page.goto("/kiosk/yunzhou/take/A")
        page.locator(".kiosk-wish .btn--primary").click()
        page.locator(".kiosk-print-state.is-bad").wait_for()
        for seen in (
            ".kiosk-print-state",
            ".kiosk-ticket__number",
            ".kiosk-after .btn--primary",
            ".site-foot",
        ):
            box = page.locator(seen).bounding_box()
            assert box["y"] + box["height"] <= height, seen
        assert list_violations(page) == []


def test_without_paper_the_number_stays_on_the_screen_and_the_page_says_so(faces, page):
    with recording_printer() as printer:
        let_print(faces, printer.address)
        printer.run_out_of_paper()
        take(page, faces)
        expect(page.locator(".kiosk-print-state")).to_contain_text("打印机缺纸。号码有效")
        expect(page.locator(".kiosk-ticket__number")).to_have_text("A001")
        assert not is_too_wide(page)
        assert printer.papers == []


def test_a_printer_that_comes_back_prints_the_ticket_by_the_button_once(faces, page):
    with recording_printer() as printer:
        let_print(faces, printer.address)
        printer.breaks = "gone"
        take(page, faces)
        expect(page.locator(".kiosk-print-state")).to_contain_text("打印机没有回应。号码有效")
        expect(page.locator(".kiosk-ticket__number")).to_have_text("A001")
        assert list_violations(page) == []
        printer.breaks = ""
        page.get_by_role("button", name="打印小票").click()
        expect(page.locator(".kiosk-print-state")).to_have_text("小票已打印，请取走")
    assert len(printer.papers) == 1
    assert len(faces.tickets()) == 1


def test_a_cut_line_says_so_and_the_same_press_later_takes_one_number(faces, page):
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    page.goto("/kiosk/yunzhou/take/A")
    page.context.set_offline(True)
    page.locator(".kiosk-wish .btn--primary").click()
    expect(page.locator("#no-line")).to_contain_text("请再按一次，不会重复取号")
    page.get_by_role("link", name="回到首页").click()
    expect(page.locator("#no-line")).to_contain_text("暂时打不开")
    assert list_violations(page) == []
    page.context.set_offline(False)
    page.locator(".kiosk-wish .btn--primary").click()
    expect(page.locator(".kiosk-ticket__number")).to_have_text("A001")
    assert len(faces.tickets()) == 1


def test_a_kiosk_says_that_its_line_is_down_keeps_the_number_and_comes_back_by_itself(faces, page):
    page.clock.install()
    take(page, faces)
    expect(page.locator(".kiosk-ticket__number")).to_have_text("A001")
    page.route("**/*", lambda route: route.abort())
    page.clock.run_for(11_000)
    expect(page.locator("#no-line")).to_contain_text("网络中断，正在重新连接。已经取到的号有效")
    page.clock.run_for(1_000)
    expect(page.locator(".reset")).to_have_text("正在等待网络，恢复后回到首页")  # no seconds, as it cannot go
    assert list_violations(page) == []
    page.clock.run_for(60_000)  # the time for the next person is over, but there is no first page to go to
    expect(page.locator(".kiosk-ticket__number")).to_have_text("A001")
    expect(page.locator(".reset")).to_have_text("正在等待网络，恢复后回到首页")
    page.unroute("**/*")
    page.clock.run_for(11_000)
    page.wait_for_url("**/kiosk/yunzhou/home")
    expect(page.locator("#no-line")).to_be_hidden()


def test_a_countdown_waits_for_the_network_and_goes_on(faces, page):
    page.clock.install()
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    page.goto("/kiosk/yunzhou/check-in")
    expect(page.locator(".reset")).to_contain_text("秒后回到首页，触摸屏幕可继续")
    page.route("**/*", lambda route: route.abort())
    page.clock.run_for(11_000)
    expect(page.locator("#no-line")).to_contain_text("网络中断，正在重新连接")
    page.clock.run_for(1_000)
    expect(page.locator(".reset")).to_have_text("正在等待网络，恢复后回到首页")
    page.locator("h1").click()  # somebody is there: the time begins anew
    page.unroute("**/*")
    page.clock.run_for(11_000)
    expect(page.locator("#no-line")).to_be_hidden()
    page.clock.run_for(1_000)
    expect(page.locator(".reset")).to_contain_text("秒后回到首页，触摸屏幕可继续")
    assert page.url.endswith("/check-in")


def test_a_withdrawn_kiosk_ends_without_a_press(faces, page):
    page.clock.install()
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    expect(page.get_by_role("link", name="现场取号")).to_be_visible()
    with faces.parts.database.transaction() as session:
        device = devices.find_device(session, faces.kiosk_token)
        devices.revoke(session, device, actor=SYSTEM, now=build.at("09:00"))
    page.clock.run_for(11_000)
    expect(page.locator("h1")).to_contain_text("这台设备还不能用")
    expect(page.get_by_role("link", name="现场取号")).to_have_count(0)


VOICE = """
window.said = [];
const voices = window.mute ? [] : [{ lang: 'zh-CN', localService: true, name: 'local' }];
Object.defineProperty(window, 'speechSynthesis', { value: Object.assign(new EventTarget(), {
  speaking: false, getVoices: () => voices, cancel() {}, speak(words) { window.said.push(words.text); },
}) });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""


def test_large_letters_are_read_aloud_where_the_device_has_a_voice(faces, page):
    page.add_init_script(VOICE)
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    expect(page.locator("[data-read-aloud]")).to_have_count(0)
    page.goto(f"/preferences?care=1&next=/kiosk/yunzhou/take/B?service={faces.passport.code}")
    page.get_by_role("button", name="朗读本页").click()
    [said] = page.evaluate("window.said")
    assert "护照签发" in said
    assert "换发可在移民局网站办理" in said
    assert said.split("。").count("取号") == 1
    assert list_violations(page) == []


@pytest.mark.parametrize("typed", ["11010519491231002X", "张三|11010519491231002X", "ZHANG SAN|E12345678"])
@pytest.mark.parametrize("where", ["home", "check-in", "check-in/document", "check-in/document?letters=all"])
def test_a_document_on_the_reader_checks_in_from_every_page_and_whatever_has_the_focus(
    faces, page, where, typed
):
    with faces.parts.database.transaction() as session:
        slot = build.make_slot(session, faces.a, build.at("09:00"))
        for kind, number in (("resident_id", "11010519491231002X"), ("passport_cn", "E12345678")):
            index = identity_index(kind, number)
            citizen = build.make_citizen(session, identity_kind=kind, identity_index=index)
            build.make_appointment(session, slot, citizen)
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    page.goto(f"/kiosk/yunzhou/{where}")
    field = page.locator("#field-document, #field-code")
    if "张" in typed and field.count():
        field.focus()  # without a keyboard's key the characters of a name go where the focus is
    type_as_a_reader(page, typed)
    expect(page.locator(".kiosk-ticket__number")).to_have_text("A001")
    assert len(faces.tickets()) == 1


PAGES = ("home", "take", "take?line=A", "take/B?service={}", "check-in", "check-in/document", "help")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("width", "height"), [(1080, 1920), (1280, 800)])
def test_large_letters_fit_every_page_and_pass_axe(faces, page, width, height, lang):
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    plain = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    page.goto(f"/preferences?care=1&lang={lang}&next=/kiosk/yunzhou/home")
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") >= 1.2 * plain
    for path in PAGES:
        page.goto(f"/kiosk/yunzhou/{path.format(faces.passport.code)}")
        assert list_violations(page) == [], path
        assert not is_too_wide(page), path
        # On a low panel field, keys and button, or many matters, are seen at one sight only a little lower.
        is_low = height < 1000 and page.locator(".kiosk-typed, .kiosk-list--many").count() > 0
        assert small_targets(page, 84 if is_low else 90) == [], path


OUT_OF_SIGHT = """() => [document.documentElement,
     ...document.querySelectorAll('.kiosk-typed :is(.input, .keypad button, .btn--primary)')]
    .filter((one) => Math.max(one.scrollHeight, one.getBoundingClientRect().bottom) > innerHeight)
    .map((one) => one.outerHTML.slice(0, 80))"""
NARROW_OR_COVERED = """(least) => [...document.querySelectorAll('.keypad button')].filter((key, at, keys) => {
    const [here, next] = [key.getBoundingClientRect(), keys[at + 1]?.getBoundingClientRect()];
    return here.width + 0.5 < least || (next?.top === here.top && next.left < here.right);
  }).map((key) => key.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("care", [0, 1])
@pytest.mark.parametrize("size", [(1080, 1920), (1280, 800), (1920, 1080)])
def test_field_keys_and_button_are_seen_without_scrolling(faces, page, size, care, lang):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"/kiosk/yunzhou?device={faces.kiosk_token}")
    page.goto(f"/preferences?care={care}&lang={lang}&next=/kiosk/yunzhou/home")
    for path in ("check-in", "check-in/document", "check-in/document?letters=all"):
        page.goto(f"/kiosk/yunzhou/{path}")
        assert page.locator(".keypad button").count() >= 12, path
        assert page.evaluate(OUT_OF_SIGHT) == [], path
        assert page.evaluate(NARROW_OR_COVERED, 84) == [], path
        assert small_targets(page, 84) == [], path
        assert not is_too_wide(page), path
        assert list_violations(page) == [], path


def test_an_answer_that_was_lost_on_the_way_costs_no_second_number(faces, page):
    lost = []

    def lose_first_answer(route):
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch(max_redirects=0).status)
            route.abort()
        else:
            route.continue_()

    page.route("**/kiosk/yunzhou/take/A", lose_first_answer)
    take(page, faces)
    expect(page.locator(".kiosk-ticket__number")).to_have_text("A001")
    assert lost == [303]
    assert len(faces.tickets()) == 1


def test_a_refusal_shows_its_page(faces, page):
    faces.at("16:58")
    take(page, faces)
    expect(page.locator("h1")).to_contain_text("停发")


@pytest.mark.parametrize("size", [(1080, 1920), (1280, 800), (1920, 1080)])
def test_a_device_that_pairs_shows_its_code_large_and_passes_axe(page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto("/pair")
    code = page.locator(".pair-code")
    assert re.fullmatch(r"\d{4} \d{4}", code.inner_text())
    assert code.evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)") > 100
    assert not is_too_wide(page)
    assert list_violations(page) == []
