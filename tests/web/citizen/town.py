"""Two halls with two real services, so that citizens' pages have something to show."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import Flask
from sqlalchemy import func, select

from booking.models import Appointment, Draft, Number
from catalog.edit import offer, save_services
from halls.models import Hall, ServiceGroup
from kernel import clock
from kernel.actor import SYSTEM
from kernel.parts import Parts
from people.models import Citizen, PhoneCode
from people.phone_codes import code_of
from people.sample_ids import sample_resident_id
from tests import build
from tests.catalog.city import SERVICES
from tests.conftest import NOW
from tests.web.apps import app_for
from tests.web.citizen.phone import Phone

TUESDAY = date(2026, 3, 3)
WEDNESDAY = date(2026, 3, 4)
RENEWAL = "id-card-renewal"
LOST = "reason=lost,residence=local,age=adult"


@dataclass
class Town:
    parts: Parts
    app: Flask
    hall: Hall
    station: Hall
    group: ServiceGroup
    other_group: ServiceGroup

    def phone(self, language: str = "zh") -> Phone:
        return Phone(self.app, language=language)

    def at(self, time: str, on: date = build.TODAY) -> None:
        """Let the business clock stand at this time."""
        clock.set_demo(self.parts.settings.var / "clock.json", build.at(time, on), 0.0)

    def slot(
        self,
        time: str,
        on: date = TUESDAY,
        *,
        numbers: int = 3,
        group: ServiceGroup | None = None,
        place: str = "",
    ):
        line, at = group or self.group, build.at(time, on)
        with self.parts.database.transaction() as session:
            return build.make_slot(session, line, at, numbers=numbers, place=place)

    def take_all(self, time: str, on: date = TUESDAY) -> None:
        """Somebody else takes every number of a slot."""
        with self.parts.database.transaction() as session:
            rows = session.scalars(
                select(Number).where(Number.group_id == self.group.id, Number.starts_at == build.at(time, on))
            )
            for number in rows:
                number.hold_token, number.held_until = None, None
                number.appointment_id = 999_999

    def newest_code(self) -> str:
        """The six digits of the newest message."""
        with self.parts.database.transaction() as session:
            row = session.scalars(select(PhoneCode).order_by(PhoneCode.id.desc()).limit(1)).one()
            return code_of(row)

    def count(self, kind: type = Appointment) -> int:
        with self.parts.database.transaction() as session:
            return session.scalar(select(func.count()).select_from(kind))

    def appointment(self) -> Appointment:
        with self.parts.database.transaction() as session:
            return session.scalars(select(Appointment)).one()

    def untouched(self) -> bool:
        """Whether nobody has booked or become known."""
        return self.count(Appointment) == 0 and self.count(Citizen) == 0

    def drafts(self) -> int:
        return self.count(Draft)


def make_town(parts: Parts) -> Town:
    clock.use_demo_file(parts.settings.var / "clock.json")
    clock.set_demo(parts.settings.var / "clock.json", NOW, 0.0)
    with parts.database.transaction() as session:
        hall = build.make_hall(session, "city-hall", phone="0000-5550100", address_zh="安民路 8 号")
        station = build.make_hall(session, "station", name_zh="溪湖派出所", name_en="Xihu Station")
        groups = [build.make_group(session, each) for each in (hall, station)]
        for group in groups:
            build.make_plan(session, group)
        services = [SERVICES[RENEWAL], SERVICES["passport"]]
        save_services(session, services, actor=SYSTEM, now=NOW)
        offers = {RENEWAL: groups[0].id, "passport": groups[0].id}
        offer(session, hall.id, offers, actor=SYSTEM, now=NOW)
        offer(session, station.id, {RENEWAL: groups[1].id}, actor=SYSTEM, now=NOW)
    town = Town(parts, app_for(parts), hall, station, *groups)
    for half_hour in range(4):
        begins = f"{build.at('09:00') + timedelta(hours=8, minutes=30 * half_hour):%H:%M}"
        town.slot(begins)
    return town


NUMBER = sample_resident_id(7)
PERSON = {"name": "欧阳娜娜", "kind": "resident_id", "number": NUMBER, "phone": "138 0013 8000", "agree": "1"}


def hold_first(phone: Phone, code: str = RENEWAL, hall: str = "city-hall", answers: str = LOST) -> Phone:
    """Choose the first free slot."""
    phone.go(f"/services/{code}/halls/{hall}?a={answers}")
    first = phone.form_with("下一步").offered["starts_at"][0]
    return phone.press("下一步", starts_at=first)


def identify(town: Town, browser: Phone, **changes: str) -> Phone:
    """Say who comes and prove the phone."""
    typed = PERSON | changes
    browser.press("获取验证码", **typed)
    return browser.press("下一步", **(typed | {"number": "", "code": town.newest_code()}))


def book(town: Town, browser: Phone, **changes: str) -> str:
    """The whole way; the reference. `save` and `mine` are the wishes for next time."""
    wishes = bool(changes.pop("save", "")), bool(changes.pop("mine", ""))
    hold_first(browser)
    identify(town, browser, **changes).press("确认预约")
    assert browser.path.startswith("/b/"), browser.words
    if any(wishes):
        browser.press({(True, True): "都记住", (True, False): "只存办事人"}.get(wishes, "只记住手机"))
    return browser.path.removeprefix("/b/")
