"""Sessions outside the usual hours: what they are, and where to go, on every page and in the message."""

from datetime import date, time

import pytest
from sqlalchemy import select

from halls.models import PlanLine
from notifications.models import Message
from notifications.render import Wording, render
from notifications.tell import booked as tell_booked
from tests.conftest import NOW
from tests.web.citizen.town import LOST, book, hold_first, identify

SATURDAY = date(2026, 3, 7)
SLOTS = f"/services/id-card-renewal/halls/city-hall?a={LOST}&day={SATURDAY}"
WORDING = Wording("有号", "https://yh.example")


def add_session(town, kind, **place):
    with town.parts.database.transaction() as session:
        session.add(
            PlanLine(
                group_id=town.group.id, on_date=SATURDAY, kind="extra", starts=time(9), ends=time(11),
                counters=1, session=kind, **place,
            )
        )  # fmt: skip
    town.slot("09:00", SATURDAY)
    town.slot("11:30", SATURDAY)


@pytest.fixture
def weekend(town):
    add_session(town, "weekend")


@pytest.fixture
def mobile(town):
    add_session(town, "mobile", place_zh="东岭村村委会", place_en="Dongling village office")


def test_a_weekend_session_is_named_where_the_time_is_chosen(town, phone, weekend):
    words = phone.go(SLOTS).words
    assert "09:00 到 11:00 是周末加考" in words
    assert words.count("剩 3 个 · 周末加考") == 1
    assert "周末加考" not in phone.go(SLOTS.replace(str(SATURDAY), "2026-03-03")).words


def test_a_mobile_session_says_where_to_go_until_the_end(town, phone, mobile):
    assert "流动下乡，地点：东岭村村委会。请直接到那里，不是到大厅。" in phone.go(SLOTS).words
    town.take_all("09:00"), town.take_all("09:30"), town.take_all("10:00"), town.take_all("10:30")
    hold_first(phone)
    identify(town, phone)
    assert "东岭村村委会" in phone.words
    phone.press("确认预约")
    assert "东岭村村委会" in phone.words
    reference = town.appointment().reference
    assert "东岭村村委会" in phone.go(f"/b/{reference}/slip").words
    assert "LOCATION:东岭村村委会" in phone.go(f"/b/{reference}.ics").html
    with town.parts.database.transaction() as session:
        appointment = town.appointment()
        tell_booked(session, {"appointment_id": appointment.id}, now=NOW)
        messages = session.scalars(select(Message).where(Message.template == "booked")).all()
        assert "到东岭村村委会办理" in render(session, messages[0], wording=WORDING, now=NOW)


def test_in_the_usual_hours_nothing_is_added(town, phone, mobile):
    book(town, phone)
    assert "东岭村" not in phone.words
