"""A small town for tests of the API: one hall with two lines, its services, staff with tokens, a kiosk."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from kernel import clock
from kernel.parts import Parts
from people import api_tokens
from people.models import PhoneCode
from people.phone_codes import code_of
from people.sample_ids import sample_resident_id
from runtime import schema
from tests import build
from tests.web.apps import app_for
from web.device import COOKIE, cookie_of

PHONE = "13800138000"
NOT_COUNTED = {"api_token", "idempotency_key"}  # written by asking, not by what was asked


@dataclass
class Town:
    parts: Parts
    app: Flask
    tokens: dict[str, str]
    hall: str = "city-hall"

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def call(
        self, method: str, path: str, body: Any = None, *, who: str = "", cookie: str = "", **headers: str
    ) -> TestResponse:
        """One request; `who` is a role, `cookie` that of a `browser`; `_` in header names stands for `-`."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        if who:
            told["Authorization"] = f"Bearer {self.tokens[who]}"
        # Escaped, so that a test may send what no text file can hold.
        extra = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        client = self.client()
        if cookie:
            client.set_cookie(COOKIE, cookie)
        return client.open(f"/api/v1{path}", method=method, headers=told, **extra)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any, **options: Any) -> TestResponse:
        return self.call("PUT", path, body, **options)

    def set_clock(self, moment: datetime) -> None:
        clock.set_demo(self.parts.settings.clock_file, moment, 0.0)

    def counts(self) -> dict[str, int]:
        """Rows per table: what was refused must not change any."""
        with self.parts.database.transaction() as session:
            return {
                table.name: session.scalar(select(func.count()).select_from(table))
                for table in schema.metadata().sorted_tables
                if table.name not in NOT_COUNTED
            }

    def hold(self, clock_time: str = "10:00", on: int = 1, **values: Any) -> TestResponse:
        return self.post("/holds", hold_body(clock_time, on=on, hall=self.hall) | values)

    def phone_token(self, phone: str = PHONE) -> str:
        """Verify a phone with the code that its owner would read."""
        assert self.post("/phone-codes", {"phone": phone}).status_code == 202
        with self.parts.database.transaction() as session:
            row = session.scalars(select(PhoneCode).order_by(PhoneCode.id.desc()).limit(1)).one()
            code = code_of(row)
        answer = self.post("/phone-codes/verify", {"phone": phone, "code": code})
        assert answer.status_code == 200
        return answer.json["phone_token"]

    def book_body(self, seed: int = 1, *, clock_time: str = "10:00", **values: Any) -> dict[str, Any]:
        """A complete request to book what a fresh hold keeps."""
        held = self.hold(clock_time).json
        return {
            "hold_token": held["token"],
            "name": "张三",
            "identity_kind": "resident_id",
            "identity_number": sample_resident_id(seed),
            "phone_token": self.phone_token(f"1380013{seed:04d}"),
        } | values

    def book(self, seed: int = 1, **values: Any) -> dict[str, Any]:
        answer = self.post("/appointments", self.book_body(seed, **values))
        assert answer.status_code == 201, answer.text
        return answer.json

    def issue(self, **values: Any) -> dict[str, Any]:
        body = {"group": "A", "services": ["id-card"]} | values
        answer = self.post(f"/halls/{self.hall}/tickets", body, who="kiosk")
        assert answer.status_code == 201, answer.text
        return answer.json

    def run_events(self) -> None:
        """Carry out what the outbox holds."""
        from runtime.drain import drain  # noqa: PLC0415  # only these tests need handlers

        drain(self.parts)


def hold_body(clock_time: str = "10:00", *, on: int = 1, hall: str = "city-hall") -> dict[str, Any]:
    starts_at = build.at(clock_time, build.TODAY + timedelta(days=on))
    return {"hall": hall, "services": ["id-card"], "starts_at": starts_at.isoformat()}


def browser(number: int) -> str:
    """The cookie of somebody's browser, which has seen a page."""
    return cookie_of(f"browser-of-somebody-{number}")


GUIDE = {
    "start": "reason",
    "questions": [
        {
            "code": "reason",
            "text_zh": "为什么补换？",
            "text_en": "Why?",
            "options": [
                {"code": "lost", "text_zh": "丢失", "text_en": "Lost"},
                {"code": "expired", "text_zh": "到期", "text_en": "Expired"},
            ],
        }
    ],
    "situations": [
        {
            "code": "lost",
            "name_zh": "丢失补领",
            "name_en": "Lost card",
            "when": {"reason": ["lost"]},
            "minutes": 20,
            "materials": [{"code": "hukou", "why_zh": "核对身份", "why_en": "To see who you are"}],
        },
        {
            "code": "expired",
            "name_zh": "到期换领",
            "name_en": "Expired card",
            "when": {"reason": ["expired"]},
            "materials": [{"code": "old-card", "why_zh": "交回旧证", "why_en": "To hand in"}],
        },
    ],
}
MATERIALS = [
    {"code": "hukou", "name_zh": "户口簿", "name_en": "Household book"},
    {"code": "old-card", "name_zh": "旧身份证", "name_en": "Old ID card"},
]
SERVICE = {
    "name_zh": "居民身份证补换领",
    "name_en": "ID card renewal",
    "group": "A",
    "minutes": 10,
    "keywords": ["身份证丢了"],
    "materials": MATERIALS,
    "guide": GUIDE,
}


def hall_body(**values: Any) -> dict[str, Any]:
    groups = [("A", "户政", "Household"), ("B", "出入境", "Exit and entry")]
    return {
        "name_zh": "云州市政务服务大厅",
        "name_en": "Yunzhou Hall",
        "groups": [
            {"code": code, "letter": code, "name_zh": zh, "name_en": en, "unit_minutes": 10}
            for code, zh, en in groups
        ],
        "counters": [{"number": 1, "groups": ["A"]}, {"number": 2, "groups": ["A", "B"]}],
        "plan": [
            {"group": code, "weekdays": [1, 2, 3, 4, 5], "starts": "09:00", "ends": "17:00", "counters": 1}
            for code in ("A", "B")
        ],
    } | values


def make_town(parts: Parts) -> Town:
    """Built by the administrators' own operations."""
    settings = replace(parts.settings, env="demo", clock_file=parts.settings.var / "clock.json")
    clock.use_demo_file(settings.clock_file)
    parts = replace(parts, settings=settings)
    town = Town(parts, app_for(parts), {})
    town.set_clock(build.at("09:30"))
    with parts.database.transaction() as session:
        roles = ("admin", "manager", "officer", "desk")
        staff = {role: build.make_staff(session, roles=(role,)) for role in roles}
        town.tokens = {
            role: api_tokens.create(session, each, real_now=clock.real_now()) for role, each in staff.items()
        }
    assert town.put("/halls/city-hall", hall_body(), who="admin").status_code == 200
    assert town.put("/services/id-card", SERVICE, who="admin").status_code == 200
    offered = {"services": {"id-card": "A"}}
    assert town.put("/halls/city-hall/services", offered, who="admin").status_code == 200
    days = {"from": build.TODAY.isoformat(), "to": (build.TODAY + timedelta(days=9)).isoformat()}
    assert town.post("/halls/city-hall/publish", days, who="admin").status_code == 200
    kiosk = {"kind": "kiosk", "hall": "city-hall", "name": "自助机"}
    town.tokens["kiosk"] = town.post("/devices", kiosk, who="admin").json["token"]
    return town
