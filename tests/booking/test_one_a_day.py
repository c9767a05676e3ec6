"""A second open appointment that day, which the database refuses, is told as far as the asker may know."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from booking.policy import AlreadyBookedThatDay, DocumentNotBookable
from booking.standing import one_a_day
from halls.models import ServiceGroup
from people.models import Citizen
from tests import build
from tests.build import at


@pytest.fixture
def booked(session):
    group = build.make_group(session, build.make_hall(session))
    return build.make_appointment(session, build.make_slot(session, group, at("10:00")))


def second(session, booked, **values):
    group = session.get_one(ServiceGroup, booked.group_id)
    slot = build.make_slot(session, group, booked.starts_at + timedelta(hours=1))
    return build.make_appointment(session, slot, session.get_one(Citizen, booked.citizen_id), **values)


@pytest.mark.parametrize(("seen", "refusal"), [(True, AlreadyBookedThatDay), (False, DocumentNotBookable)])
def test_who_has_not_seen_the_document_is_told_less(session, booked, seen, refusal):
    with pytest.raises(refusal), one_a_day(seen=seen), session.begin_nested():
        second(session, booked)


def test_an_ended_one_stands_in_nobodys_way(session, booked):
    booked.state = "fulfilled"
    with one_a_day(seen=True):
        assert second(session, booked).state == "booked"


def test_any_other_conflict_stays_what_it_is(session, booked):
    booked.state = "fulfilled"
    with pytest.raises(IntegrityError), one_a_day(seen=True), session.begin_nested():
        second(session, booked, code=booked.code)
