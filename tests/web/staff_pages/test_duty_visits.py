"""The duty pages for visits of several lines: booked, given to a request, corrected."""

import pytest
from sqlalchemy import select

from booking import special_requests
from booking.models import Appointment, Number, SpecialRequest
from kernel.actor import ANONYMOUS
from people.sample_ids import sample_resident_id
from tests import build
from tests.web.staff_pages.test_duty import PERSON, TEN, one, send


@pytest.fixture
def lines(faces):
    """A at ten and B at half past: an online, a walk-in and a duty number each."""
    with faces.parts.database.transaction() as session:
        for group, clock in ((faces.a, "10:00"), (faces.b, "10:30")):
            slot = build.make_slot(session, group, build.at(clock))
            rows = session.scalars(select(Number).where(Number.slot_id == slot.id).order_by(Number.ordinal))
            for number, channel in zip(rows, ("online", "walk_in", "duty"), strict=True):
                number.channel = channel
                number.released_at = number.released_at if channel == "online" else None


@pytest.fixture
def both(faces, lines):
    """Two services, each of a line of its own."""
    with faces.parts.database.transaction() as session:
        own = build.make_service(session, faces.b, name_zh="往来港澳通行证")
    return {"service": faces.renewal.code, "second": own.code, "third": ""}


def test_an_officer_books_two_services_of_two_lines_at_once(faces, both):
    officer, page = faces.officer(), f"/duty/{faces.hall.code}/book"
    query = "&".join(f"{name}={code}" for name, code in both.items())
    shown = officer.get(f"{page}?{query}&day={build.TODAY}").text
    assert "能连着办 2 次" in shown
    assert "用机动号" not in shown
    form = both | PERSON | {"day": str(build.TODAY), "starts_at": TEN.isoformat(), "reason": "no_phone"}
    answer = send(officer, page, page, **form, channel="any", press="p1")
    assert answer.status_code == 303
    made = one(faces, Appointment)
    assert [leg["group_id"] for leg in made.legs] == [faces.a.id, faces.b.id]
    assert both["second"] in answer.location
    assert made.code in officer.get(answer.location).text.replace(" ", "")


def test_the_duty_officer_may_add_duty_numbers(faces, both):
    duty, page = faces.officer(roles=("duty_officer",)), f"/duty/{faces.hall.code}/book"
    query = "&".join(f"{name}={code}" for name, code in both.items())
    shown = duty.get(f"{page}?{query}&day={build.TODAY}").text
    assert "能连着办 2 次，用机动号 3 次" in shown
    assert "哪种有就用哪种" in shown


def test_a_request_over_two_lines_is_shown_with_both_and_approved(faces, both):
    address = ask_for(faces, both["service"], both["second"])
    duty = faces.officer(roles=("duty_officer",))
    page = duty.get(address).text
    assert "往来港澳通行证" in page
    assert "能连着办 2 次" in page
    answer = send(duty, address, address, do="approve", starts_at=TEN.isoformat(), answer="")
    assert answer.status_code == 303
    assert len(one(faces, Appointment).legs) == 2
    assert one(faces, SpecialRequest).state == "approved"


@pytest.fixture
def longer(faces, lines):
    """A service that takes two numbers in a row."""
    with faces.parts.database.transaction() as session:
        return build.make_service(session, faces.a, minutes=2 * faces.a.unit_minutes, name_zh="户口迁移").code


def ask_for(faces, *codes):
    command = special_requests.AskSpecially(
        hall_code=faces.hall.code,
        service_codes=codes,
        kind="green",
        wanted_on=build.TODAY,
        reason="母亲坐轮椅。",
        name="张三丰",
        identity_kind="resident_id",
        identity_number=sample_resident_id(1),
        phone="+8613800138000",
    )
    with faces.parts.database.transaction() as session:
        asked = special_requests.ask(session, command, actor=ANONYMOUS, now=build.at("09:00"))
        return f"/duty/{faces.hall.code}/requests/{asked.reference}"


def test_a_request_for_two_numbers_in_a_row_is_given_the_time_that_the_page_offers(faces, longer):
    """One duty and one walk-in number are left at ten: neither channel alone has two."""
    address = ask_for(faces, longer)
    duty = faces.officer(roles=("duty_officer",))
    assert "能连着办 1 次" in duty.get(address).text
    assert send(duty, address, address, do="approve", starts_at=TEN.isoformat(), answer="").status_code == 303
    assert one(faces, SpecialRequest).state == "approved"
    with faces.parts.database.transaction() as session:
        given = session.scalars(select(Number.channel).where(Number.appointment_id.is_not(None))).all()
    assert sorted(given) == ["duty", "walk_in"]


def test_a_time_with_too_few_numbers_in_a_row_is_not_offered(faces, longer):
    with faces.parts.database.transaction() as session:
        duty_number = session.scalars(select(Number).where(Number.channel == "duty", Number.starts_at == TEN))
        session.delete(duty_number.one())
    page = faces.officer(roles=("duty_officer",)).get(ask_for(faces, longer)).text
    assert "能连着办" not in page
    assert TEN.isoformat() not in page


def test_an_officer_books_two_numbers_in_a_row_of_two_channels(faces, longer):
    officer, page = faces.officer(), f"/duty/{faces.hall.code}/book"
    assert "能连着办 1 次" in officer.get(f"{page}?service={longer}&day={build.TODAY}").text
    form = {"service": longer, "second": "", "third": ""} | PERSON
    form |= {"day": str(build.TODAY), "starts_at": TEN.isoformat(), "reason": "no_phone", "channel": "any"}
    assert send(officer, page, page, **form, press="p1").status_code == 303
    assert one(faces, Appointment).made_by == "staff"
