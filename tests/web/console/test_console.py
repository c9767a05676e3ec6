import re
import threading
from datetime import timedelta

import pytest

from kernel.audit import AuditEntry
from queueing.models import Call, CounterSession, Line, Ticket
from tests import build
from tests.web.hall_faces import material, press, token


def say(answer, client):
    """The sentence above the page after a press."""
    page = client.get(answer.location).text if answer.status_code == 303 else answer.text
    found = re.search(r'<p class="note note--\w+">(.*?)</p>', page) or re.search(
        r'class="error-sentence">(.*?)</p>', page
    )
    return found.group(1) if found else ""


def test_asks_who_is_there(faces):
    answer = faces.app.test_client().get("/console")
    assert answer.status_code == 302
    assert "/sign-in" in answer.location


def test_who_has_no_counter_permission_is_refused(faces):
    assert faces.officer(roles=("desk",)).get("/console").status_code == 403


def test_shows_the_counters_of_own_halls_only_and_opens_one(faces):
    with faces.parts.database.transaction() as session:
        build.make_hall(session, "elsewhere", name_zh="别的大厅")
    client = faces.officer()
    page = client.get("/console").text
    assert page.count("开窗</button>") == 2
    assert "别的大厅" not in page
    answer = press(client, faces.counter_url(), "open", page="/console")
    assert answer.location == faces.counter_url()
    assert "没有人等候" in client.get(answer.location).text
    assert client.get("/console").location == faces.counter_url()


def test_an_officer_of_another_hall_can_neither_open_nor_look(faces):
    faces.officer(counter=0)
    with faces.parts.database.transaction() as session:
        other = build.make_hall(session, "elsewhere")
    client = faces.officer()
    with faces.parts.database.transaction() as session:
        session.get(type(faces.officers[-1]), faces.officers[-1].id).hall_ids = [other.id]
    assert client.get(faces.counter_url()).status_code == 403
    assert press(client, faces.counter_url(1), "open", page="/console?choose=1").status_code == 403


def test_a_whole_visit_by_buttons(faces):
    faces.waiting(1, service_ids=[faces.renewal.id])
    client, desk = faces.officer(counter=0), faces.counter_url()
    assert "A001" in client.get(desk).text
    assert "已呼叫 A001" in say(press(client, desk, "next"), client)
    [row] = faces.tickets()
    page = client.get(desk).text
    assert "居民身份证补换领" in page
    assert "居民身份证</" in page or "居民身份证 <" in page
    assert 'data-key="S"' in page
    assert "已再次呼叫" in say(press(client, desk, "recall", ticket=row.id), client)
    assert "开始办理" in say(press(client, desk, "start", ticket=row.id), client)
    faces.at("09:12")
    assert "12 分钟" in client.get(desk).text
    assert "已办结" in say(press(client, desk, "finish", ticket=row.id), client)
    assert faces.read(Ticket, row.id).state == "completed"
    assert "现在没有人等候" in say(press(client, desk, "next"), client)


def test_shows_masked_name_and_why_and_never_the_number(faces):
    booked = faces.appointment("09:00")
    page = faces.kiosk()
    form = page.get("/kiosk/yunzhou/check-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form).group(1)
    page.post("/kiosk/yunzhou/check-in", data={"csrf_token": token, "code": booked.code})
    client, desk = faces.officer(counter=0), faces.counter_url()
    press(client, desk, "next")
    html = client.get(desk).text
    assert "张*" in html
    assert "到点预约 09:00" in html
    assert "138****8000" in html
    assert "张三" not in html
    assert "13800138000" not in html
    assert not re.search(r"E\d{8}", html)


def test_the_same_press_twice_calls_one_person(faces):
    for ordinal in (1, 2):
        faces.waiting(ordinal)
    client, desk = faces.officer(counter=0), faces.counter_url()
    said = [say(press(client, desk, "next", press="p1"), client) for _ in range(2)]
    assert said[0] == said[1]
    assert sorted(each.state for each in faces.tickets()) == ["called", "waiting"]


def test_a_plain_press_calls_past_the_session(faces):
    """Three of the six statements are about the press: its lock, what it was told before, what it is told."""
    client, desk = faces.officer(0), faces.counter_url()
    faces.waiting(1)
    with faces.parts.database.transaction() as session:  # as where both lines have been joined today
        for group in (faces.a, faces.b):
            session.add(Line(hall_id=faces.hall.id, group_id=group.id, on_date=build.TODAY))
    direct = []
    faces.parts.database.note_direct = direct.append
    assert "已呼叫 A001" in say(press(client, desk, "next", press="p1"), client)
    assert len(direct) == 6


def test_a_repeated_press_says_the_same_even_after_the_ticket_moved_on(faces):
    faces.waiting(1)
    client, desk = faces.officer(counter=0), faces.counter_url()
    press(client, desk, "next")
    [row] = faces.tickets()
    first = say(press(client, desk, "start", ticket=row.id, press="p2"), client)
    press(client, desk, "finish", ticket=row.id, press="p3")
    assert say(press(client, desk, "start", ticket=row.id, press="p2"), client) == first
    assert faces.read(Ticket, row.id).state == "completed"


def test_a_press_whose_answer_was_lost_says_its_sentence_once(faces):
    faces.waiting(1)
    client, desk = faces.officer(counter=0), faces.counter_url()
    form = {"csrf_token": token(client.get(desk).text), "press": "p1"}
    for _try in range(2):  # the page that the first answer led to never came
        assert client.post(f"{desk}/next", data=form).status_code == 303
    assert client.get(desk).text.count("已呼叫 A001。") == 1


def test_a_press_id_used_for_something_else_is_refused(faces):
    faces.waiting(1)
    client, desk = faces.officer(counter=0), faces.counter_url()
    press(client, desk, "pause", reason="meal", press="p1")
    assert press(client, desk, "pause", reason="break", press="p1").status_code == 422


def test_two_presses_at_once_do_one_thing(faces):
    for ordinal in (1, 2, 3):
        faces.waiting(ordinal)
    client, desk = faces.officer(counter=0), faces.counter_url()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(desk).text).group(1)
    cookie = client.get_cookie("youhao").value
    answers = []

    def press_once():
        other = faces.app.test_client()
        other.set_cookie("youhao", cookie)
        answers.append(other.post(f"{desk}/next", data={"csrf_token": token, "press": "same"}).status_code)

    threads = [threading.Thread(target=press_once) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert answers == [303] * 4
    assert [each.state for each in faces.tickets()].count("called") == 1


def test_two_officers_call_two_people(faces):
    for ordinal in (1, 2):
        faces.waiting(ordinal)
    clients = [faces.officer(counter=0), faces.officer(counter=1)]
    for index, client in enumerate(clients):
        assert press(client, faces.counter_url(index), "next").status_code == 303
    assert [each.state for each in faces.tickets()] == ["called", "called"]
    assert len({each.counter_id for each in faces.tickets()}) == 2


def test_a_colleagues_desk_is_closed_to_others(faces):
    faces.waiting(1)
    faces.officer(counter=0)
    other = faces.officer()
    assert other.get(faces.counter_url()).status_code == 403
    answer = press(other, faces.counter_url(), "next", page="/console")
    assert answer.status_code == 403
    assert [each.state for each in faces.tickets()] == ["waiting"]
    taken = press(other, faces.counter_url(), "open", page="/console")
    assert taken.status_code == 409
    assert "其他工作人员" in taken.text


def test_the_ticket_of_another_counter_is_not_touched(faces):
    faces.waiting(1)
    first, second = faces.officer(counter=0), faces.officer(counter=1)
    press(first, faces.counter_url(0), "next")
    [row] = faces.tickets()
    answer = press(second, faces.counter_url(1), "absent", ticket=row.id)
    assert answer.status_code == 409
    assert "已叫号" in say(answer, second)
    assert faces.read(Ticket, row.id).state == "called"


def test_no_page_of_the_console_shows_the_key_that_leads_to_the_survey(faces):
    for ordinal in (1, 2, 3, 4):
        faces.waiting(ordinal)
    client, desk = faces.officer(counter=0), faces.counter_url()
    for steps in (("absent",), ("start", "park"), ("start",)):
        press(client, desk, "next")
        here = next(each for each in faces.tickets() if each.state == "called")
        for step in steps:
            press(client, desk, step, ticket=here.id)
    rows = faces.tickets()
    assert sorted(each.state for each in rows) == ["absent", "parked", "serving", "waiting"]
    found = "".join(client.get(f"{desk}/find?q=A00{ordinal}").text for ordinal in (1, 2, 3, 4))
    pages = client.get(desk).text + client.get(f"{desk}/desk").text + found
    assert [each.label for each in rows if each.reference in pages] == []
    refused = press(client, desk, "leave", ticket=rows[0].reference)
    assert refused.status_code == 404


def test_a_ticket_of_another_hall_is_unknown_here(faces):
    with faces.parts.database.transaction() as session:
        away = build.make_ticket(session, build.make_group(session, build.make_hall(session, "elsewhere")), 1)
    client = faces.officer(counter=0)
    assert press(client, faces.counter_url(), "leave", ticket=away.id).status_code == 404
    assert press(client, faces.counter_url(), "start", ticket="9" * 18).status_code == 404
    assert faces.read(Ticket, away.id).state == "waiting"


def test_undo_is_offered_for_ten_seconds(faces):
    faces.waiting(1)
    client, desk = faces.officer(counter=0), faces.counter_url()
    press(client, desk, "next")
    assert 'data-key="U"' in client.get(desk).text
    [row] = faces.tickets()
    assert "已撤销" in say(press(client, desk, "undo", ticket=row.id), client)
    assert faces.read(Ticket, row.id).state == "waiting"
    press(client, desk, "next")
    with faces.parts.database.transaction() as session:
        session.get(Ticket, row.id).stepped_at -= timedelta(seconds=11)
    assert 'data-key="U"' not in client.get(desk).text
    assert "已不能撤销" in say(press(client, desk, "undo", ticket=row.id), client)
    assert faces.read(Ticket, row.id).state == "called"


def test_park_resume_and_return(faces):
    faces.waiting(1)
    client, desk = faces.officer(counter=0), faces.counter_url()
    press(client, desk, "next")
    [row] = faces.tickets()
    press(client, desk, "start", ticket=row.id)
    press(client, desk, "park", ticket=row.id)
    assert "继续办理" in client.get(desk).text
    press(client, desk, "resume", ticket=row.id)
    assert faces.read(Ticket, row.id).state == "serving"
    press(client, desk, "park", ticket=row.id)
    press(client, desk, "return", ticket=row.id)
    assert "转办或补件后返回" in client.get(desk).text


def test_absent_and_back(faces):
    faces.waiting(1)
    client, desk = faces.officer(counter=0), faces.counter_url()
    press(client, desk, "next")
    [row] = faces.tickets()
    press(client, desk, "absent", ticket=row.id)
    assert "本人来了" in client.get(desk).text
    press(client, desk, "reinstate", ticket=row.id)
    assert faces.read(Ticket, row.id).state == "waiting"


def test_transfer_to_another_line(faces):
    faces.waiting(1)
    client, desk = faces.officer(counter=0), faces.counter_url()
    press(client, desk, "next")
    [row] = faces.tickets()
    said = say(press(client, desk, "transfer", ticket=row.id, group="B"), client)
    assert "出入境" in said
    assert faces.read(Ticket, row.id).group_id == faces.b.id
    press(client, desk, "next")
    refused = press(client, desk, "transfer", ticket=row.id, group="nowhere")
    assert refused.status_code == 404


def test_asks_for_a_phone(faces):
    faces.waiting(1)
    client, desk = faces.officer(counter=0), faces.counter_url()
    press(client, desk, "next")
    [row] = faces.tickets()
    assert press(client, desk, "phone", ticket=row.id, phone="1").status_code == 422
    press(client, desk, "phone", ticket=row.id, phone="13900139000")
    page = client.get(desk).text
    assert "139****9000" in page
    assert "13900139000" not in page
    with faces.parts.database.transaction() as session:
        actions = [entry.action for entry in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert "ticket.set_phone" in actions


def test_pause_and_close(faces):
    faces.waiting(1)
    client, desk = faces.officer(counter=0), faces.counter_url()
    press(client, desk, "pause", reason="meal")
    assert "用餐" in client.get(desk).text
    refused = press(client, desk, "next")
    assert refused.status_code == 409
    assert "请先恢复窗口" in say(refused, client)
    press(client, desk, "go-on")
    press(client, desk, "next")
    assert press(client, desk, "close").status_code == 409
    [row] = faces.tickets()
    press(client, desk, "start", ticket=row.id)
    press(client, desk, "finish", ticket=row.id)
    assert press(client, desk, "close").location == "/console"
    assert client.get(desk).location == "/console"
    assert client.get(f"{desk}/desk").location == "/console"
    with faces.parts.database.transaction() as session:
        assert session.query(CounterSession).one().state == "closed"


def test_finds_a_ticket_by_its_number(faces):
    faces.waiting(23)
    client = faces.officer(counter=0)
    page = client.get(f"{faces.counter_url()}/find?q=a023").text
    assert "A023" in page
    assert "作废" in page
    assert "今天没有 Z999" in client.get(f"{faces.counter_url()}/find?q=Z999").text
    [row] = faces.tickets()
    press(client, faces.counter_url(), "leave", ticket=row.id)
    assert faces.read(Ticket, row.id).state == "abandoned"


def test_an_unchanged_desk_costs_nothing(faces):
    client = faces.officer(counter=0)
    part = f"{faces.counter_url()}/desk"
    first = client.get(part)
    assert client.get(part, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    faces.waiting(1)
    assert client.get(part, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("action", ["dance", "find", "desk"])
def test_an_unknown_action_changes_nothing(faces, action):
    client = faces.officer(counter=0)
    assert press(client, faces.counter_url(), action).status_code in {404, 405}


def test_an_unknown_counter_is_a_page_with_a_way_home(faces):
    answer = faces.officer().get("/console/counters/999999")
    assert answer.status_code == 404
    assert 'href="/console"' in answer.text


def test_the_call_carries_its_reason(faces):
    faces.waiting(1, due_at=build.at("08:50"))
    client, desk = faces.officer(counter=0), faces.counter_url()
    press(client, desk, "next")
    assert "现场号到承诺时刻 08:50" in client.get(desk).text
    with faces.parts.database.transaction() as session:
        assert session.query(Call).one().called_at == build.at("09:00")


def test_a_second_absence_is_asked_about(faces):
    faces.waiting(1, absences=1)
    client, desk = faces.officer(counter=0), faces.counter_url()
    press(client, desk, "next")
    assert "data-confirm" in client.get(desk).text


def test_a_paper_that_a_licence_replaces_is_waived_and_one_for_later_is_not(faces):
    papers = [
        material("hukou", "户口簿", "Household register") | {"waivable": True, "deferrable": False},
        material("photo", "照片", "Photo") | {"waivable": False, "deferrable": True},
    ]
    with faces.parts.database.transaction() as session:
        service = build.make_service(session, faces.a, materials=papers)
    faces.waiting(1, service_ids=[service.id])
    client, desk = faces.officer(counter=0), faces.counter_url()
    press(client, desk, "next")
    listed = r'papers__name">(户口簿.*?|照片.*?)</li>'
    register, photo = re.findall(listed, client.get(desk).text, re.DOTALL)
    assert "免交" in register
    assert "可容缺" not in register
    assert "可容缺" in photo
    assert "免交" not in photo


def test_who_was_put_aside_at_a_counter_that_closed_is_gone_on_with_at_another(faces):
    faces.waiting(1)
    first, desk = faces.officer(counter=0), faces.counter_url()
    press(first, desk, "next")
    [row] = faces.tickets()
    press(first, desk, "start", ticket=row.id)
    press(first, desk, "park", ticket=row.id)
    second, other = faces.officer(counter=1), faces.counter_url(1)
    assert "A001" not in second.get(other).text
    press(first, desk, "close")
    faces.at("09:25")
    page = second.get(other).text
    assert "A001" in page
    assert "1 号窗口已关" in page
    assert "已暂挂 25 分钟" in page
    press(second, other, "resume", ticket=row.id)
    ticket = faces.read(Ticket, row.id)
    assert (ticket.state, ticket.counter_id) == ("serving", faces.counters[1].id)
