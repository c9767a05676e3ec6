"""Officers work a mobile session in any browser; kiosk and reception put nobody of it in line."""

import pytest

from booking.models import Appointment
from queueing.models import Ticket
from tests import build
from tests.web.hall_faces import token
from tests.web.kiosk.test_kiosk import check_in as at_kiosk

PLACE = "/console/halls/yunzhou/villages"
VILLAGE = "东岭村村委会"


@pytest.fixture
def booked(faces):
    """A visit booked for 11:00 in a village."""
    with faces.parts.database.transaction() as session:
        slot = build.make_slot(session, faces.a, build.at("11:00"), place=VILLAGE)
        return build.make_appointment(session, slot, service_ids=[faces.renewal.id])


def press(client, **values):
    answer = client.post(PLACE, data={"csrf_token": token(client.get(PLACE).text), **values})
    return answer if answer.status_code != 303 else client.get(answer.location)


def state(faces, row):
    with faces.parts.database.transaction() as session:
        return session.get_one(Appointment, row.id).state


def test_a_visit_is_checked_in_by_code_and_ended_by_a_press(faces, booked):
    client = faces.officer()
    page = client.get(PLACE).text
    assert VILLAGE in page
    assert "未签到" in page
    page = press(client, shown=booked.code).text
    assert f"已签到：{booked.code}，{VILLAGE}。" in page
    assert (state(faces, booked), faces.tickets()) == ("checked_in", [])
    assert "已办完，会请本人评价" in press(client, do="done", reference=booked.reference).text
    with faces.parts.database.transaction() as session:
        ticket = session.query(Ticket).one()
        assert (ticket.state, ticket.counter_id, ticket.appointment_id) == ("completed", None, booked.id)
    assert state(faces, booked) == "fulfilled"


def test_the_qr_of_a_booking_checks_in_there(faces, booked):
    assert "已签到" in press(faces.officer(), shown=booked.reference).text
    assert state(faces, booked) == "checked_in"


def test_the_same_press_twice_ends_one_visit(faces, booked):
    client = faces.officer()
    press(client, shown=booked.code, press="p1")
    for _ in range(2):
        press(client, do="done", reference=booked.reference, press="p2")
    with faces.parts.database.transaction() as session:
        assert session.query(Ticket).count() == 1


def test_nobody_of_the_hall_is_checked_in_there(faces, booked):
    in_hall = faces.appointment("10:00")
    answer = press(faces.officer(), shown=in_hall.code)
    assert (answer.status_code, "这个预约在大厅办理" in answer.text) == (409, True)
    assert state(faces, in_hall) == "booked"


def test_only_who_may_check_people_in_sees_the_page(faces, booked):
    assert faces.officer(roles=("desk",)).get(PLACE).status_code == 403


def test_the_kiosk_and_the_reception_of_the_hall_say_where_the_booking_is(faces, booked):
    kiosk = faces.kiosk()
    refused = at_kiosk(kiosk, code=booked.code)
    assert (refused.status_code, VILLAGE in refused.text) == (409, True)
    officer = faces.officer()
    reception = "/console/halls/yunzhou/reception"
    assert "villages" in officer.get(reception).text
    facts = {"csrf_token": token(officer.get(reception).text), "do": "check_in", "shown": booked.code}
    refused = officer.post(reception, data=facts)
    assert (refused.status_code, VILLAGE in refused.text) == (409, True)
    assert (state(faces, booked), faces.tickets()) == ("booked", [])


def test_the_page_shows_nobodys_whole_name(faces, booked):
    page = faces.officer().get(PLACE).text
    assert "张三" not in page


def test_check_in_and_end_are_taken_back_by_a_press_which_goes_away(faces, booked):
    client = faces.officer()
    page = press(client, shown=booked.code).text
    assert f"撤销 {booked.code} 的上一步" in page
    page = press(client, do="undo", reference=booked.reference).text
    assert f"已撤销，{booked.code} 回到“未签到”。" in page
    assert 'class="undo"' not in page
    assert state(faces, booked) == "booked"
    press(client, shown=booked.code)
    press(client, do="done", reference=booked.reference)
    assert f"{booked.code} 回到“已签到”。" in press(client, do="undo", reference=booked.reference).text
    assert state(faces, booked) == "checked_in"
    refused = press(client, do="undo", reference=booked.reference)
    assert (refused.status_code, "已不能撤销" in refused.text) == (409, True)


def test_another_officer_sees_no_press_of_somebody_else_to_take_back(faces, booked):
    press(faces.officer(), shown=booked.code)
    assert 'class="undo"' not in faces.officer(username="another").get(PLACE).text


def test_who_was_served_there_and_shows_the_code_again_reads_so(faces, booked):
    client = faces.officer()
    press(client, shown=booked.code)
    press(client, do="done", reference=booked.reference)
    refused = press(client, shown=booked.code)
    assert (refused.status_code, "已经办完，不用再签到" in refused.text) == (409, True)
