"""A small hall with its faces: lines A and B, services, counters, officers, a kiosk; and hands to press."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from booking.models import Appointment
from halls.models import Counter, Hall, ServiceGroup
from kernel import clock
from kernel.actor import SYSTEM
from kernel.parts import Parts
from people import devices
from people.models import Staff
from queueing.models import Ticket
from tests import build

PASSWORD = "a long enough password"
# As real as any, and made for a thousandth of the effort: signing in is not what most tests are about.
HASH = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)


@dataclass
class Faces:
    parts: Parts
    app: Flask
    hall: Hall
    a: ServiceGroup
    b: ServiceGroup
    renewal: Any
    passport: Any
    counters: list[Counter]
    kiosk_token: str
    officers: list[Staff] = field(default_factory=list)

    def at(self, time: str) -> None:
        """Let the hall's clock stand at a time of the day."""
        set_clock(self.parts, build.at(time))

    def kiosk(self) -> FlaskClient:
        """A kiosk that was started with its token."""
        client = self.app.test_client()
        assert client.get(f"/kiosk/{self.hall.code}?device={self.kiosk_token}").status_code == 303
        return client

    def officer(self, counter: int | None = None, **values: object) -> FlaskClient:
        """A signed-in officer, sitting at a counter when one is named."""
        with self.parts.database.transaction() as session:
            staff = build.make_staff(session, password_hash=HASH, hall_ids=[self.hall.id], **values)
            self.officers.append(staff)
        client = self.app.test_client()
        page = client.get("/sign-in").text
        facts = {"csrf_token": token(page), "username": staff.username, "password": PASSWORD}
        assert client.post("/sign-in", data=facts).status_code == 302
        if counter is not None:
            press(client, self.counter_url(counter), "open", page="/console")
        return client

    def counter_url(self, counter: int = 0) -> str:
        return f"/console/counters/{self.counters[counter].id}"

    def appointment(self, time: str = "09:00", **values: object) -> Appointment:
        with self.parts.database.transaction() as session:
            slot = build.make_slot(session, self.a, build.at(time))
            return build.make_appointment(session, slot, service_ids=[self.renewal.id], **values)

    def waiting(self, label_ordinal: int, group: ServiceGroup | None = None, **values: object) -> Ticket:
        with self.parts.database.transaction() as session:
            return build.make_ticket(session, group or self.a, label_ordinal, **values)

    def tickets(self) -> list[Ticket]:
        with self.parts.database.transaction() as session:
            return list(session.query(Ticket).order_by(Ticket.id))

    def read(self, kind: type, row_id: int) -> Any:
        with self.parts.database.transaction() as session:
            return session.get(kind, row_id)


def set_clock(parts: Parts, moment: datetime, rate: float = 0.0) -> None:
    clock.set_demo(parts.settings.var / "clock.json", moment, rate)


def make_faces(parts: Parts, app: Flask) -> Faces:
    with parts.database.transaction() as session:
        hall = build.make_hall(session, "yunzhou", phone="0000-5550100")
        a = build.make_group(session, hall)
        b = build.make_group(session, hall, "B", name_zh="出入境", name_en="Exit and entry")
        for group in (a, b):
            build.make_plan(session, group, counters=2)
        renewal = build.make_service(session, a, materials=[material("id_card", "居民身份证", "ID card")])
        passport = build.make_service(
            session,
            b,
            name_zh="护照签发",
            name_en="Passport",
            online_url="https://example.org/passport",
            online_note_zh="换发可在移民局网站办理，邮寄到家。",
            online_note_en="Renewals can be done on the NIA site and posted to you.",
        )
        counters = [build.make_counter(session, hall, [a, b], number) for number in (1, 2)]
        _device, kiosk_token = devices.enrol(
            session, kind="kiosk", hall_id=hall.id, name="取号机", actor=SYSTEM, now=build.at("08:00")
        )
    return Faces(parts, app, hall, a, b, renewal, passport, counters, kiosk_token)


def material(code: str, name_zh: str, name_en: str) -> dict[str, Any]:
    return {
        "code": code,
        "name_zh": name_zh,
        "name_en": name_en,
        "copies": 1,
        "original": True,
        "waivable": False,
        "note_zh": "",
        "note_en": "",
    }


def token(html: str) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', html).group(1)


def press(client: FlaskClient, base: str, action: str, *, page: str = "", **values: str) -> Any:
    """Press a button of the desk as a browser without scripts does; the answer is not followed."""
    html = client.get(page or base).text
    return client.post(f"{base}/{action}", data={"csrf_token": token(html), **values})
