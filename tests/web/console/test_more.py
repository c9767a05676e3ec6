"""Rarer keys of the console, and the pages for what is left after the counter."""

import re

import pytest
from sqlalchemy import select

from booking.models import Appointment
from catalog.models import Service
from people.models import Staff
from queueing.after_models import BackTask, OwedPaper
from queueing.board import board
from queueing.models import CounterSession, Ticket
from tests.build import at
from tests.web.console.test_console import say
from tests.web.hall_faces import press


@pytest.fixture
def desk(faces):
    """Somebody is being served at counter 1 for the renewal; their client and address."""
    with faces.parts.database.transaction() as session:
        service = session.get(Service, faces.renewal.id)
        service.materials = [{**service.materials[0], "deferrable": True}]
    faces.waiting(1, service_ids=[faces.renewal.id])
    client = faces.officer(counter=0)
    press(client, faces.counter_url(), "next")
    [row] = faces.tickets()
    press(client, faces.counter_url(), "start", ticket=row.id)
    return client, faces.counter_url(), row.id


def rows(faces, kind):
    with faces.parts.database.transaction() as session:
        return list(session.scalars(select(kind).order_by(kind.id)))


def citizen_page(faces, ticket_id):
    reference = faces.read(Ticket, ticket_id).reference
    return faces.app.test_client().get(f"/q/{reference}").text


def test_finishing_can_be_undone_from_the_empty_desk(faces, desk):
    client, url, row = desk
    press(client, url, "finish", ticket=row)
    assert 'data-key="U"' in client.get(url).text
    assert "回到“办理中”" in say(press(client, url, "undo", ticket=row), client)
    assert faces.read(Ticket, row).state == "serving"


def test_passes_on_to_another_counter(faces, desk):
    client, url, row = desk
    other = faces.officer(counter=1)
    assert "2 号窗口" in client.get(url).text
    assert "已转到 2 号窗口" in say(press(client, url, "transfer", ticket=row, group="#2"), client)
    assert "现在没有人等候" in say(press(client, url, "next"), client)
    assert "已呼叫 A001" in say(press(other, faces.counter_url(1), "next"), other)


def test_sends_to_a_room_that_the_citizen_and_the_screen_are_told(faces, desk):
    client, url, row = desk
    assert "请到3号室" in say(press(client, url, "park", ticket=row, why="photo", room="3"), client)
    assert "请到3号室" in citizen_page(faces, row)
    assert "3号室" in client.get(url).text
    with faces.parts.database.transaction() as session:
        [call] = board(session, faces.hall.id, now=at("09:00")).calls
    assert call.room == "3号室"
    press(client, url, "resume", ticket=row)
    with faces.parts.database.transaction() as session:
        assert board(session, faces.hall.id, now=at("09:00")).calls[0].room is None


def test_a_room_with_a_name_in_it_is_refused(faces, desk):
    client, url, row = desk
    assert "房间请写房号" in say(press(client, url, "park", ticket=row, room="张三来"), client)
    assert faces.read(Ticket, row).state == "serving"


def test_corrects_what_is_really_done(faces, desk):
    client, url, row = desk
    wanted = [str(faces.renewal.id), str(faces.passport.id)]
    assert "已更正" in say(press(client, url, "services", ticket=row, service=wanted), client)
    assert faces.read(Ticket, row).service_ids == [faces.renewal.id, faces.passport.id]
    assert "护照签发" in client.get(url).text


def test_accepts_without_a_paper_and_settles_it_later(faces, desk):
    client, url, row = desk
    said = say(press(client, url, "owe", ticket=row, paper=f"{faces.renewal.id}/id_card", due=""), client)
    assert "已容缺受理：居民身份证" in said
    assert "还要补交：居民身份证" in citizen_page(faces, row)
    [paper] = rows(faces, OwedPaper)
    page = client.get("/after/yunzhou/owed").text
    assert "居民身份证" in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    answer = client.post(f"/after/yunzhou/owed/{paper.id}", data={"csrf_token": token, "do": "settle"})
    assert answer.status_code == 303
    assert rows(faces, OwedPaper)[0].state == "settled"
    assert "还要补交" not in citizen_page(faces, row)
    again = client.post(f"/after/yunzhou/owed/{paper.id}", data={"csrf_token": token, "do": "settle"})
    assert again.status_code == 409


def test_the_back_office_hands_the_result_out_and_the_citizen_sees_how_far_it_is(faces, desk):
    client, url, row = desk
    place = {"task_service": str(faces.renewal.id), "due": "", "place": "出件窗口"}
    assert "已转后台办理" in say(press(client, url, "task", ticket=row, **place), client)
    press(client, url, "finish", ticket=row)
    assert "已受理" in citizen_page(faces, row)
    back = faces.officer(roles=("back_office",))
    assert back.get("/after/").location.endswith("/after/yunzhou/tasks")
    [task] = rows(faces, BackTask)
    page = back.get("/after/yunzhou/tasks").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    for state, told in (
        ("working", "后台办理中"),
        ("ready", "请带证件到出件窗口领取"),
        ("collected", "已领取"),
    ):
        sent = back.post(f"/after/yunzhou/tasks/{task.reference}", data={"csrf_token": token, "to": state})
        assert sent.status_code == 303
        assert told in citizen_page(faces, row)
    again = back.post(f"/after/yunzhou/tasks/{task.reference}", data={"csrf_token": token, "to": "ready"})
    assert again.status_code == 409
    assert back.get("/console").status_code == 403


def test_a_booking_shows_what_is_left(faces):
    booked = faces.appointment("09:00")
    with faces.parts.database.transaction() as session:
        ticket = Ticket(**_ticket(faces, booked))
        session.add(ticket)
        session.flush()
        session.add(BackTask(**_task(faces, ticket.id)))
        session.get(Appointment, booked.id).state = "fulfilled"
    assert "后台办理中" in faces.app.test_client().get(f"/b/{booked.reference}").text


def _ticket(faces, booked):
    return {
        "reference": "ticket-of-a-booking-01",
        "hall_id": faces.hall.id,
        "group_id": faces.a.id,
        "on_date": booked.on_date,
        "ordinal": 1,
        "label": "A001",
        "track": "booked",
        "due_at": at("09:00"),
        "issued_at": at("09:00"),
        "appointment_id": booked.id,
        "state": "completed",
    }


def _task(faces, ticket_id):
    return {
        "reference": "task-of-a-booking-0001",
        "hall_id": faces.hall.id,
        "ticket_id": ticket_id,
        "service_id": faces.renewal.id,
        "label": "A001",
        "on_date": at("09:00").date(),
        "due_on": at("09:00").date(),
        "state": "working",
        "created_at": at("09:00"),
    }


def test_another_officer_takes_the_counter_with_the_person_in_service(faces, desk):
    client, url, row = desk
    other = faces.officer()
    assert "接班</button>" not in other.get("/console").text
    assert "已请人接班" in say(press(client, url, "offer"), client)
    assert "接班</button>" in other.get("/console").text
    assert press(other, url, "take-over", page="/console").location == url
    assert "A001" in other.get(url).text
    relieved = client.get(url)
    assert relieved.status_code == 403
    assert "回到工作台" in relieved.text
    assert "换一个有权限的账号" not in relieved.text  # another counter is what they need
    pressed = press(client, url, "finish", page="/console", ticket=row)
    with faces.parts.database.transaction() as session:
        name = session.scalars(select(Staff.name).order_by(Staff.id.desc()).limit(1)).one()
    for page in (relieved, pressed):  # what happened, and who has the counter now
        assert f"1 号窗口现在由{name}值守，您在这里按的不再生效。请回到工作台，选择别的窗口。" in page.text
        assert "现在不能这样做" not in page.text
    left = client.get(f"{url}/desk", headers={"X-Fragment": "1"})  # the page that is still open leaves
    assert (left.status_code, left.location) == (303, "/console")
    assert "已办结" in say(press(other, url, "finish", ticket=row), other)
    assert len(rows(faces, CounterSession)) == 2


def test_only_who_may_choose_calls_a_number_out_of_turn(faces):
    faces.waiting(1)
    faces.waiting(2)
    duty = faces.officer(counter=0, roles=("duty_officer",))
    page = duty.get(f"{faces.counter_url()}/find?q=A002").text
    assert "指定叫号" in page
    second = faces.tickets()[1]
    answer = press(duty, faces.counter_url(), "choose", ticket=second.id, why="frail")
    assert "已呼叫 A002" in say(answer, duty)
    plain = faces.officer(counter=1)
    first = faces.tickets()[0]
    assert "指定叫号" not in plain.get(f"{faces.counter_url(1)}/find?q=A001").text
    assert press(plain, faces.counter_url(1), "choose", ticket=first.id, why="frail").status_code == 403


def test_the_duty_officer_reads_what_the_day_came_to(faces):
    faces.waiting(1)
    duty = faces.officer(roles=("duty_officer",))
    page = duty.get("/after/yunzhou/day").text
    assert "这一天还没有结束" in page
    assert "A001" in page
    assert faces.officer().get("/after/yunzhou/day").status_code == 403
