"""What the officer sees of the person at the counter: where to post, and a document to look at twice."""

from datetime import timedelta

from booking.delivery import Delivery, sealed
from booking.tables import import_table
from catalog.models import Service
from kernel.actor import SYSTEM
from people.citizens import find_or_create
from people.identity import check
from queueing.tables import KINDS
from tests import build
from tests.conftest import NOW
from tests.web.hall_faces import press

HOME = Delivery("王小明", "+8613800138000", "云州市安民路 8 号 201", "100000")


def at_the_counter(faces, *, number="X1234567", **values):
    """Somebody with a booking is called; the page of the counter."""
    with faces.parts.database.transaction() as session:
        identity = check("passport_foreign", number, today=build.TODAY)
        citizen = find_or_create(
            session, identity, name="Anna", phone="+8613800138000", language="zh", now=NOW
        )
        slot = build.make_slot(session, faces.a, build.at("09:00") + timedelta(days=30))
        booked = build.make_appointment(session, slot, citizen, state="checked_in", **values)
    ticket = faces.waiting(
        1, track="booked", service_ids=[faces.renewal.id], appointment_id=booked.id, citizen_id=citizen.id
    )
    officer, desk = faces.officer(counter=0), faces.counter_url()
    press(officer, desk, "next")
    assert ticket.label in officer.get(desk).text
    return officer.get(desk).text


def test_the_officer_sees_where_to_post_the_result(faces):
    page = at_the_counter(faces, delivery_sealed=sealed(HOME))
    for told in (HOME.receiver, HOME.address, HOME.postcode):
        assert told in page


def test_without_a_wish_there_is_nothing_to_post(faces):
    assert "结果邮寄" not in at_the_counter(faces)


def test_an_unusual_number_asks_the_officer_to_look_twice(faces):
    assert "请仔细核对原件" in at_the_counter(faces, number="A123456789012")


def test_a_usual_number_does_not(faces):
    assert "请仔细核对原件" not in at_the_counter(faces)


def test_the_officer_sees_that_somebody_of_the_hall_booked(faces):
    assert "工作人员代办" in at_the_counter(faces, made_by="staff")


def test_who_booked_alone_has_no_such_mark(faces):
    assert "工作人员代办" not in at_the_counter(faces)


def test_the_officer_sees_what_the_register_has_also_the_first_time(faces):
    with faces.parts.database.transaction() as session:
        service = session.get(Service, faces.renewal.id)
        service.materials = [{**row, "waivable": True, "licence": "id-card"} for row in service.materials]
        head = ["identity_kind", "identity_number", "licence", "valid_until", "active"]
        rows = [head, ["passport_foreign", "X1234567", "id-card", f"{build.TODAY}", "yes"]]
        import_table(session, KINDS["licences"], rows, actor=SYSTEM, now=NOW)
    page = at_the_counter(faces)
    assert f"免交（系统已有，有效至 {build.TODAY}）" in page
    assert "如有电子证照可免交" not in page


def test_without_a_licence_on_record_the_officer_asks(faces):
    with faces.parts.database.transaction() as session:
        service = session.get(Service, faces.renewal.id)
        service.materials = [{**row, "waivable": True, "licence": "id-card"} for row in service.materials]
    page = at_the_counter(faces)
    assert "如有电子证照可免交" in page
