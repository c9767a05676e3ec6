"""What a change of a hall's lines and counters does to bookings: shown first, then done as decided."""

import html
import re
from datetime import date

import pytest
from sqlalchemy import func, select, update

from booking.models import Appointment, Number
from booking.publish import publish
from halls.models import PlanLine, ServiceGroup
from kernel.actor import SYSTEM
from tests.booking.crowded import book_all
from tests.build import TODAY, at

TOMORROW = date(2026, 3, 3)


@pytest.fixture
def booked(faces):
    """Every online number of tomorrow in line A; the hall's time is published."""
    with faces.parts.database.transaction() as session:
        session.execute(update(PlanLine).values(counters=1))
        facts = {"first_on": TODAY, "last_on": date(2026, 3, 11), "actor": SYSTEM, "now": at("08:00")}
        publish(session, faces.hall.id, **facts)
        made = book_all(session, session.merge(faces.hall), TOMORROW, now=at("08:00"), group=faces.a)
        return [each.code for each in made]


def line(faces, minutes):
    path = f"/admin/halls/{faces.hall.code}/groups/{faces.a.code}"
    facts = {"letter": faces.a.letter, "name_zh": "户政", "name_en": "Household", "mean_minutes": "10"}
    return path, {**facts, "unit_minutes": minutes, "counters": ["1", "2"]}


def minutes_of(faces):
    with faces.parts.database.transaction() as session:
        return session.get(ServiceGroup, faces.a.id).unit_minutes


def test_longer_visits_are_not_saved_before_it_is_said_what_becomes_of_bookings(chief, faces, booked):
    before = minutes_of(faces)
    path, facts = line(faces, str(before * 2))
    page = chief.send(path, 200, **facts).text
    assert "这些预约会受影响" in page
    stranded = {code for code in booked if f"<td>{code}</td>" in page}
    assert stranded
    assert minutes_of(faces) == before
    form = next(each for each in re.findall(r"<form.*?</form>", page, re.DOTALL) if f'"{path}"' in each)
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    sent = {}
    for name, value in hidden:
        sent.setdefault(name, []).append(html.unescape(value))
    assert sent["counters"] == ["1", "2"]
    sent.pop("csrf_token")
    chief.send(path, **sent, then="cancel")
    assert minutes_of(faces) == before * 2
    with faces.parts.database.transaction() as session:
        gone = session.scalars(select(Appointment.code).where(Appointment.state == "cancelled")).all()
    assert set(gone) == stranded


def test_what_strands_nobody_is_saved_and_published_at_once(chief, faces, booked):
    hall = f"/admin/halls/{faces.hall.code}"
    with faces.parts.database.transaction() as session:
        session.execute(update(Appointment).values(state="cancelled"))
        session.execute(update(Number).values(appointment_id=None))
    path, facts = line(faces, str(minutes_of(faces) * 2))
    counted = select(func.count(Number.id)).where(Number.group_id == faces.a.id, Number.on_date == TOMORROW)
    with faces.parts.database.transaction() as session:
        before = session.scalar(counted)
    assert chief.send(path, **facts).location == hall
    with faces.parts.database.transaction() as session:
        assert session.scalar(counted) == before / 2
