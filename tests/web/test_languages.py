"""Every sentence of the pages has its English, and an English page says nothing in Chinese by accident."""

import re

import pytest

from kernel import clock
from queueing.rooms import COMMON_ROOMS
from tests.web.chinese_words import CHINESE, ChineseWords
from tests.web.citizen.phone import Phone
from tests.web.citizen.town import LOST, PERSON, hold_first, identify, make_town
from tests.web.hall_faces import press
from tools import extract_messages

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
TYPED = (PERSON["name"], "欧**", "安民路")  # what a person typed, and an address that has no English
HOW = "run `python tools/extract_messages.py`, then write the English into the .po file"


@pytest.fixture(scope="module")
def found():
    return {(message.context, message.id): message for message in extract_messages.collect() if message.id}


@pytest.fixture(scope="module")
def english():
    return {(message.context, message.id): message for message in extract_messages.read() if message.id}


def assert_english(html, *allowed):
    """No Chinese on the page but `allowed` data (names and texts that people wrote)."""
    assert '<html lang="en"' in html
    found = [text for text in ChineseWords(html).found if not any(each in text for each in allowed)]
    assert not found


def in_english(client):
    client.set_cookie("lang", "en")
    return client


def test_every_sentence_has_an_english_translation(found, english):
    missing = [key for key in found if key not in english or not extract_messages.is_translated(english[key])]
    assert not missing, HOW


def test_no_translation_is_left_of_a_sentence_that_is_gone(found, english):
    assert not english.keys() - found.keys(), HOW


def test_translations_keep_the_placeholders(english):
    for (_context, chinese), message in english.items():
        assert set(PLACEHOLDER.findall(message.string)) == set(PLACEHOLDER.findall(chinese)), chinese


def test_translations_are_english(english):
    assert not [message.string for message in english.values() if CHINESE.search(message.string)]


def test_translations_keep_the_space_between_two_pieces(english):
    """A sentence that ends before a value has its blank; no other text begins or ends with one."""
    for (_context, chinese), message in english.items():
        if message.string.endswith(" "):
            assert chinese.endswith(("：", ":", "、", "；", "。")), chinese
        assert "  " not in message.string, chinese


def test_the_catalogue_file_stays_calm():
    catalogue = extract_messages.read()
    text = (extract_messages.ROOT / extract_messages.CATALOGUE).read_bytes()
    assert extract_messages.render(catalogue) == text
    assert b"Date" not in text


def test_a_new_sentence_enters_empty_and_an_old_one_leaves():
    old = extract_messages.Catalog(locale="en")
    old.add("旧的", "old")
    old.add("还在", "still here")
    now = extract_messages.Catalog()
    now.add("还在", locations=[("web/app.py", 0)])
    now.add("新的")
    fresh = extract_messages.update(old, now)
    assert {message.id: message.string for message in fresh if message.id} == {
        "还在": "still here",
        "新的": "",
    }


@pytest.fixture
def town(parts):
    yield make_town(parts)
    clock.use_demo_file(None)


def read_in_english(phone: Phone, path: str = "") -> None:
    """The page once more, as somebody who chose English sees it."""
    phone.client.set_cookie("lang", "en")
    assert_english(phone.client.get(path or phone.path, follow_redirects=True).text, *TYPED)
    phone.client.delete_cookie("lang")


def test_citizens_pages_are_in_english(town):
    phone = town.phone()
    for path in (
        "/",
        "/services",
        "/services?q=passport",
        "/services?q=nothing+like+that",
        "/services/id-card-renewal",
        "/services/id-card-renewal/guide",
        f"/services/id-card-renewal/guide?a={LOST}",
        f"/services/id-card-renewal/halls?a={LOST}",
        f"/services/id-card-renewal/halls/city-hall?a={LOST}",
        "/queues",
        "/my",
        "/booking/who",
        "/no-such-page",
    ):
        read_in_english(phone, path)


def test_booking_is_in_english_to_the_end(town):
    phone = town.phone()
    hold_first(phone)
    read_in_english(phone)
    phone.client.set_cookie("lang", "en")
    phone.refresh().press("Next", name="1", number="110101", kind="resident_id")
    assert phone.status == 422
    assert_english(phone.html)
    phone.client.delete_cookie("lang")
    phone.refresh()
    identify(town, phone)
    read_in_english(phone)
    phone.press("确认预约")
    reference = phone.path.removeprefix("/b/")
    for path in (phone.path, f"/b/{reference}/move", f"/b/{reference}/cancel", "/my", "/"):
        read_in_english(phone, path)
    phone.go(f"/b/{reference}/cancel").press("确定取消")
    read_in_english(phone, f"/b/{reference}")


def test_the_kiosk_speaks_english(faces):
    faces.appointment()
    kiosk = in_english(faces.kiosk())
    home = f"/kiosk/{faces.hall.code}"
    for path in (
        "/home",
        "/check-in",
        "/check-in/document",
        "/take",
        "/take/A",
        "/take/B?service=passport",
        "/help",
    ):
        assert_english(kiosk.get(f"{home}{path}").text)
    assert_english(press(kiosk, home, "check-in", page=f"{home}/check-in", code="000000").text)
    issued = press(kiosk, f"{home}/take", "A", page=f"{home}/take/A")
    assert_english(kiosk.get(issued.location).text)
    faces.at("16:55")
    assert_english(kiosk.get(f"{home}/take/A").text)


def test_the_console_speaks_english(faces):
    for ordinal in (1, 2):
        faces.waiting(ordinal, service_ids=[faces.renewal.id])
    client, desk = faces.officer(), faces.counter_url()
    in_english(client)
    name = faces.officers[0].name
    said = (name, *COMMON_ROOMS)  # rooms are called what stands on their doors
    assert_english(client.get("/console").text, name)
    press(client, desk, "open", page="/console")
    for action in ("next", "recall", "absent", "next", "start", "park", "pause"):
        assert_english(client.get(desk).text, *said)
        press(client, desk, action, reason="break", ticket=_at_the_counter(client, desk))
    assert_english(client.get(desk).text, *said)
    assert_english(client.get(f"{desk}/find?q=A001").text, *said)


def _at_the_counter(client, desk):
    found = re.search(r'name="ticket" value="([^"]+)"', client.get(desk).text)
    return found.group(1) if found else ""


def test_staff_pages_speak_english(faces):
    client = faces.officer(roles=("admin", "manager", "duty_officer"))
    client.get("/preferences?lang=en")
    people = [faces.officers[0].name, "取号机"]
    admin = (
        "",
        "services",
        "guides",
        "packages",
        "tables",
        "day-lists",
        "halls",
    )
    admin += ("tables/plan", "staff", "devices", "audit")
    pages = ("/staff", "/cockpit", "/simulator/", *(f"/admin/{page}" for page in admin))
    for path in pages:
        answer = client.get(path, follow_redirects=True)
        assert answer.status_code == 200, path
        assert_english(answer.text, *people)
    anybody = in_english(faces.app.test_client())
    for path in ("/sign-in", f"/kiosk/{faces.hall.code}/home"):
        assert_english(anybody.get(path).text)
