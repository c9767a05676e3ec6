from collections.abc import Iterator
from datetime import timedelta

import pytest

from feedback.models import Survey
from kernel import clock, ids
from kernel.parts import Parts
from tests import build
from tests.conftest import NOW
from tests.web.citizen.phone import Phone
from tests.web.citizen.town import Town, make_town


@pytest.fixture
def town(parts: Parts) -> Iterator[Town]:
    """Half past eight on a Monday, standing still; numbers are free on Tuesday from nine to eleven."""
    yield make_town(parts)
    clock.use_demo_file(None)


@pytest.fixture
def phone(town: Town) -> Phone:
    return town.phone()


@pytest.fixture
def survey(town: Town) -> Survey:
    """A visit of today that was completed, asked by QR."""
    with town.parts.database.transaction() as session:
        ticket = build.make_ticket(session, town.group, 900, state="completed")
        row = Survey(
            reference=ids.new_reference(),
            ticket_id=ticket.id,
            hall_id=town.hall.id,
            group_id=town.group.id,
            channel="qr",
            visit_on=build.TODAY,
            asked_at=NOW,
            expires_at=NOW + timedelta(days=7),
        )
        session.add(row)
        session.flush()
        return row
