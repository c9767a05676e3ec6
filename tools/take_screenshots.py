"""Take the pictures of the README anew: a busy morning of the demonstration, each face at its own size.

    python tools/take_screenshots.py

Starts an installation of its own, plays people through the API and the main story in browsers, and writes
`docs/screenshots/*.png`. Look at them before they are committed.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.chromium import start_chromium  # noqa: E402  # the path comes first
from tests.journey.api import Office  # noqa: E402
from tests.journey.browser import DESK, KIOSK, SCREEN, Faces  # noqa: E402
from tests.journey.crowd import Crowd  # noqa: E402
from tests.journey.hands import (  # noqa: E402
    HALL,
    Citizen,
    Kiosk,
    Person,
    Screen,
    Simulator,
    Window,
    sign_in,
)
from tests.running import Running, running  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"
HALF = 0.5  # panels and screens are large; half their pixels still read well
WANTED = {
    "citizen-home": "citizen-home",
    "citizen-slots": "citizen-slots",
    "citizen-booking": "citizen-booking",
    "kiosk-home": "kiosk-home",
    "kiosk-ticket-booked": "kiosk-ticket",
}
LINES = {
    "A": ("id-card-renewal", "household-transfer", "id-card-first", "residence-permit"),
    "B": ("passport", "hk-macao-permit"),
    "C": ("licence-renewal", "vehicle-registration"),
}
SURNAMES, GIVEN = "李王刘陈杨赵黄周吴徐孙胡朱高林何郭马", "芳伟洋静帆敏磊婷昊丽鹏蝶琳翔悦军晶超"


def look(page: Page, name: str) -> None:
    if name in WANTED:
        shoot(page, WANTED[name])


def shoot(page: Page, name: str) -> None:
    page.screenshot(path=FOLDER / f"{name}.png")


@dataclass
class Morning:
    """What stays the same from eight to ten."""

    city: Running
    faces: Faces
    office: Office
    crowd: Crowd
    simulator: Simulator

    def open(self, size: tuple[int, int], **options: object) -> Page:
        return self.faces.open(size, **options)

    def sign_in(self, username: str) -> Page:
        page = self.open(DESK)
        sign_in(page, username, self.city.accounts()[username])
        return page


@contextmanager
def morning() -> Iterator[Morning]:
    with (
        tempfile.TemporaryDirectory(prefix="youhao-pictures-") as folder,
        running(Path(folder) / "var") as city,
        start_chromium() as browser,
    ):
        faces = Faces(browser, city.url)
        office = Office(city.url, "admin", city.accounts()["admin"])
        simulator = Simulator(faces.open(DESK))
        yield Morning(city, faces, office, Crowd(office, city.accounts()), simulator)
        faces.close()


def book_many(day: Morning) -> list[str]:
    """Before opening: eighteen people for the first half-hours."""
    codes = []
    for at, name in enumerate(map("".join, zip(SURNAMES, GIVEN, strict=True))):
        line = "AABCAB"[at % 6]
        service = LINES[line][at % 2]
        starts_at = day.office.today_at(9 + at // 12, 30 * (at // 6 % 2))
        codes.append(day.crowd.book(Person.sample(100 + at, name), service, starts_at))
    return codes


def work_until_ten(day: Morning, codes: list[str]) -> None:
    """Two rounds of calls at seven counters, booked people first, walk-ins between them."""
    crowd, office = day.crowd, day.office
    counters = (2, 3, 4, 5, 6, 8, 9)
    office.set_time(9, 1)
    for counter in counters:
        crowd.open(counter)
    for code in codes[:6]:
        crowd.check_in(code)
    come(crowd, "AABCABCAB")
    office.set_time(9, 4)
    serving = {counter: crowd.call(counter) for counter in counters}
    for minute, arrived in ((18, codes[6:9]), (33, codes[9:12])):
        office.set_time(9, minute)
        for code in arrived:
            crowd.check_in(code)
        come(crowd, "AABCABCAB")
        for counter, label in serving.items():
            crowd.finish(counter, label)
            serving[counter] = crowd.call(counter)


def come(crowd: Crowd, lines: str) -> None:
    """People without a booking, most of them without a phone."""
    for at, line in enumerate(lines):
        crowd.take(line, LINES[line][at % 2])


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with morning() as day:
        day.office.set_time(8, 10)
        codes = book_many(day)
        day.simulator.open()
        citizen = Citizen(day.faces.phone(), Person.sample(1, "张小明"), look)
        code = citizen.book(day.simulator, slot=1)
        work_until_ten(day, codes)
        show_the_hall(day, citizen, code)
        show_the_office(day)
        if day.faces.complaints:
            sys.exit("\n".join(day.faces.complaints))
    total = sum(path.stat().st_size for path in FOLDER.glob("*.png"))
    print(f"{len(list(FOLDER.glob('*.png')))} pictures, {total // 1024} KB")  # noqa: T201


def show_the_hall(day: Morning, citizen: Citizen, code: str) -> None:
    """Kiosk, live queue, console, call screen, and the survey's answer."""
    screen = Screen(day.open(SCREEN, device_scale_factor=HALF))
    screen.hang_up()
    kiosk = Kiosk(day.open(KIOSK, device_scale_factor=HALF), look)
    token = json.loads((day.city.var / "demo-devices.json").read_text(encoding="utf-8"))[f"kiosk/{HALL}"]
    kiosk.start(token)
    label, reference = kiosk.check_in(code)
    citizen.page.goto(f"/q/{reference}")
    shoot(citizen.page, "live-queue")

    desk = Window(day.sign_in("window01"))
    desk.open("1")
    while desk.call_next() != label:
        desk.serve()  # who booked before
    expect(screen.page.locator(".board__number")).to_have_text(label)
    shoot(screen.page, "screen")
    desk.press("S", "正在办理")
    desk.ready("F")
    shoot(desk.page, "console")
    desk.press("F", "窗口空闲")
    day.simulator.newest(citizen.person.phone, "回复数字评价")
    day.simulator.answer(citizen.person.phone, "5")
    day.simulator.newest(citizen.person.phone, "感谢您的评价")
    day.simulator.page.goto("/simulator/")
    shoot(day.simulator.page, "simulator")


def show_the_office(day: Morning) -> None:
    cockpit = day.sign_in("manager")
    cockpit.goto("/cockpit/")
    expect(cockpit.get_by_text("实时更新中")).to_be_visible()
    shoot(cockpit, "cockpit")
    admin = day.sign_in("admin")
    admin.goto("/admin/halls")
    shoot(admin, "admin")
    documents = day.open(DESK)
    documents.goto("/api/v1/docs")
    documents.locator("details.api-op").first.locator("summary").click()
    shoot(documents, "api-docs")


if __name__ == "__main__":
    main()
