"""The whole story on real parts and in real browsers, with every page inspected on the way."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journey.api import ZONE, Office
from tests.journey.browser import DESK, KIOSK, RULES, SCREEN, Faces, Inspector
from tests.journey.hands import (
    HALL,
    Citizen,
    Kiosk,
    Look,
    Person,
    Screen,
    Simulator,
    Window,
    no_look,
    sign_in,
)
from tests.running import Running, running

pytestmark = pytest.mark.browser
LIVE_SECONDS = 2


@pytest.fixture(scope="module")
def city(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One installation for all; not started where there is no browser."""
    with running(tmp_path_factory.mktemp("journey") / "var") as started:
        yield started


@pytest.fixture
def faces(chromium: Browser, city: Running) -> Iterator[Faces]:
    faces = Faces(chromium, city.url)
    yield faces
    faces.close()
    assert faces.complaints == []


@pytest.fixture
def inspector(tmp_path: Path) -> Iterator[Inspector]:
    folder = Path(os.environ.get("YOUHAO_SHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    inspector = Inspector(folder)
    yield inspector
    assert inspector.found == [], "\n".join(inspector.found)


@pytest.fixture
def simulator(faces: Faces) -> Simulator:
    simulator = Simulator(faces.open(DESK))
    simulator.open()
    return simulator


def device_token(city: Running, kind: str = "kiosk") -> str:
    return json.loads((city.var / "demo-devices.json").read_text(encoding="utf-8"))[f"{kind}/{HALL}"]


def window(faces: Faces, city: Running, counter: str, look: Look) -> Window:
    name = f"window{int(counter):02d}"
    at = Window(faces.open(DESK), look)
    sign_in(at.page, name, city.accounts()[name], look)
    at.open(counter)
    return at


def figures(cockpit: Page) -> dict[str, int]:
    """Today's numbers of line A, as the cockpit shows them."""
    table = cockpit.get_by_role("region", name=re.compile("今天")).first
    heads = table.locator("thead th").all_inner_texts()[1:]
    row = table.get_by_role("row").filter(has=cockpit.get_by_role("rowheader", name=re.compile("^A ")))
    cells = row.locator("td").all_inner_texts()
    return {head: int(cell) for head, cell in zip(heads, cells, strict=True) if cell.isdigit()}


def test_a_visit_is_booked_called_served_and_rated(
    faces: Faces, city: Running, inspector: Inspector, simulator: Simulator
) -> None:
    look = inspector.look
    office = Office(city.url, "admin", city.accounts()["admin"])
    office.set_time(8, 20)
    cockpit = faces.open(DESK)
    sign_in(cockpit, "manager", city.accounts()["manager"])
    cockpit.goto("/cockpit/")
    before = figures(cockpit)

    booker = Citizen(faces.phone(), Person.sample(1, "张小明"), look)
    code = booker.book(simulator)
    look_at_bookings(booker.page, look)

    office.set_time(9, 2)
    kiosk = Kiosk(faces.open(KIOSK), look)
    kiosk.start(device_token(city))
    first = Waiting(faces.phone(), *kiosk.check_in(code))
    kiosk.look = no_look  # the same pages again
    second = Waiting(faces.phone(), *kiosk.take("身份证补领", phone=Person.sample(2, "李芳").phone))
    third = Waiting(faces.phone(), *kiosk.take("身份证补领"))
    second.watch("前面还有 1 人")
    look(second.page, "citizen-queue")

    screen = Screen(faces.open(SCREEN))
    screen.hang_up()
    look(screen.page, "screen-empty")
    desk = window(faces, city, "1", look)
    serve_the_booked(first, desk, screen, look)
    rate_by_reply(booker.person.phone, simulator, look)

    call(desk, screen, second.label)
    desk.serve()
    Citizen(second.page, Person.sample(2, "李芳"), look).rate()

    call(desk, screen, third.label)
    desk.press("N", "窗口空闲")
    expect(desk.page.locator(".console__side")).to_contain_text(third.label)
    look(desk.page, "console-absent")
    check_figures(cockpit, before)
    look(cockpit, "cockpit")


@dataclass(frozen=True)
class Waiting:
    """Somebody with a ticket, who looks at the live queue on a phone."""

    page: Page
    label: str
    reference: str

    def watch(self, words: str) -> None:
        self.page.goto(f"/q/{self.reference}")
        expect(self.page.get_by_text(words)).to_be_visible()


def serve_the_booked(first: Waiting, desk: Window, screen: Screen, look: Look) -> None:
    """The phone is told without being touched; every state of the console is looked at."""
    first.watch("下一位就是您")
    look(desk.page, "console-free")
    call(desk, screen, first.label)
    look(desk.page, "console-called")
    look(screen.page, "screen-called")
    expect(first.page.get_by_text("请到 1 号窗口")).to_be_visible()
    look(first.page, "citizen-queue-called")
    desk.press("S", "正在办理")
    look(desk.page, "console-serving")
    desk.press("F", "窗口空闲")


def check_figures(cockpit: Page, before: dict[str, int]) -> None:
    """The manager's page has followed by itself."""
    expect(cockpit.get_by_role("region", name=re.compile("今天")).first).to_contain_text("100 %")
    changes = {head: number - before[head] for head, number in figures(cockpit).items()}
    once = {"预约量", "预约到场", "预约办结", "现场办结", "开放窗口"}
    assert changes == {"放号量": 0, **dict.fromkeys(once, 1), "现场取号": 2, "正在等候": 0}


def call(desk: Window, screen: Screen, label: str) -> None:
    """Call by key and once again; the screen follows both while nobody touches it."""
    desk.ready("Enter")
    desk.page.keyboard.press("Enter")
    screen.wait_for(label, "1 号窗口", seconds=LIVE_SECONDS)
    expect(desk.page.locator(".console__now")).to_contain_text(label)
    desk.press("R", "呼叫 2 次")


def look_at_bookings(page: Page, look: Look) -> None:
    page.goto("/my")
    expect(page.get_by_role("link", name="已预约")).to_be_visible()
    look(page, "citizen-my")
    page.goto("/")
    expect(page.get_by_text("您的下一个预约")).to_be_visible()
    look(page, "citizen-home-coming")


def rate_by_reply(phone: str, simulator: Simulator, look: Look) -> None:
    simulator.newest(phone, "回复数字评价")
    simulator.answer(phone, "5")
    simulator.newest(phone, "感谢您的评价")
    asked, answered, thanked = simulator.newest_texts(phone, 3)
    assert "回复数字评价" in asked
    assert answered.startswith("5")
    assert "感谢您的评价" in thanked
    look(simulator.page, "simulator")


NARROW = {"width": 320, "height": 640}


def test_pages_of_the_phone_fit_a_narrow_one_in_care_mode(
    faces: Faces, inspector: Inspector, simulator: Simulator
) -> None:
    def look(page: Page, name: str) -> None:
        expect(page.locator("html[data-care]")).to_have_count(1)
        inspector.look(page, f"{name}-care")

    phone = faces.phone()
    phone.set_viewport_size(NARROW)
    phone.goto("/preferences?care=1&next=/")
    citizen = Citizen(phone, Person.sample(11, "王建国"), look)
    citizen.book(simulator, slot=2)
    look_around(citizen, look)


def test_a_visit_is_pressed_through_in_english_on_a_narrow_phone(
    faces: Faces, city: Running, inspector: Inspector, simulator: Simulator
) -> None:
    """From the first page to the rating; nowhere on the way stands a word of Chinese but the own name."""
    phone = faces.phone()
    phone.set_viewport_size(NARROW)
    phone.goto("/")
    phone.get_by_role("link", name="English").click()

    def look(page: Page, name: str) -> None:
        inspector.look(page, f"{name}-english")
        inspector.read_english(page, f"{name}-english", "赵")

    citizen = Citizen(phone, Person.sample(12, "赵敏"), look, "en")
    begins = citizen.choose_slot(3)
    citizen.say_who(simulator)
    citizen.confirm()
    booking = phone.url
    look_around(citizen, look)
    phone.goto(booking)
    at = begins.astimezone(ZONE) - timedelta(minutes=5)
    Office(city.url, "admin", city.accounts()["admin"]).set_time(at.hour, at.minute)
    screen = Screen(faces.open(SCREEN))
    screen.hang_up(device_token(city, "display"))
    desk = window(faces, city, "2", no_look)
    label = citizen.arrive(screen.arrival_code())
    assert desk.call_next() == label
    citizen.look_again()
    expect(phone.get_by_text(citizen.say("请到 2 号窗口"))).to_be_visible()
    look(phone, "citizen-queue-called")
    desk.serve()
    citizen.rate()


def look_around(citizen: Citizen, look: Look) -> None:
    """What lies beside the way of a booking."""
    booking = citizen.page.url
    for address in ("/my", "/queues", "/services", f"{booking}/cancel", f"{booking}/move"):
        citizen.page.goto(address)
        look(citizen.page, f"citizen-{address.rpartition('/')[2]}")


@pytest.mark.parametrize(("language", "seed"), [("zh", 21), ("en", 22)])
def test_a_booking_needs_no_scripts(faces: Faces, simulator: Simulator, language: str, seed: int) -> None:
    phone = faces.phone(java_script_enabled=False)
    phone.goto(f"/preferences?lang={language}&next=/")
    citizen = Citizen(phone, Person.sample(seed, "陈静"), language=language)
    assert re.fullmatch(r"\d{6}", citizen.book(simulator, slot=1))
    phone.get_by_role("button", name=citizen.say("取消预约")).click()
    expect(phone.get_by_text(citizen.say("已取消")).first).to_be_visible()


MISSING = "/nowhere"
STAFF_PAGES = {
    "admin": [
        "/staff",
        "/admin/",
        "/admin/services",
        "/admin/services/passport",
        "/admin/services/passport/materials/new",
        "/admin/history/service/passport",
        "/admin/guides/birth-registration",
        "/admin/guides/birth-registration/questions/new",
        "/admin/guides/birth-registration/situations/married-apart",
        "/admin/guides/birth-registration/preview",
        "/admin/packages",
        "/admin/synonyms",
        "/admin/halls/city-hall",
        "/admin/tables",
        "/admin/tables/plan",
        "/admin/day-lists",
        "/admin/staff",
        "/admin/devices",
        "/admin/audit",
        "/simulator/",
    ],
    "manager": ["/staff", "/cockpit/"],
    "": ["/sign-in", "/api/v1/docs", MISSING],
}


@pytest.mark.parametrize("username", STAFF_PAGES)
def test_pages_of_staff_are_sound_in_light_and_dark(
    faces: Faces, city: Running, inspector: Inspector, username: str
) -> None:
    page = faces.open(DESK)
    if username:
        sign_in(page, username, city.accounts()[username])
    for address in STAFF_PAGES[username]:
        page.goto(address)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            name = f"{username or 'anyone'}{address.replace('/', '-')}-{scheme}"
            inspector.look(page, name, rules=RULES if scheme == "light" else ["color-contrast"])
    # The browser itself notes that a page is missing; that one was asked for.
    faces.complaints[:] = [said for said in faces.complaints if f"{MISSING}: " not in said]
