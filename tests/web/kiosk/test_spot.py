"""A kiosk whose line has stopped: a number of the next three working days is booked on the spot."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import template_rendered

from booking.models import Appointment, Draft, Number
from people.citizens import name_of, number_of
from people.models import Citizen, PhoneCode
from people.phone_codes import code_of
from tests import build
from tests.web.hall_faces import token

AT = "/kiosk/yunzhou"
ID = "11010519491231002X"


@pytest.fixture
def stopped(faces):
    """The line A gives no more numbers today; tomorrow at ten there are three."""
    with faces.parts.database.transaction() as session:
        build.make_slot(session, faces.a, build.at("10:00", build.TODAY + timedelta(days=1)))
    faces.at("16:58")
    return faces


def ways(client, faces):
    page = client.get(f"{AT}/take/A?service={faces.renewal.code}").text
    facts = {"csrf_token": token(page), "service": faces.renewal.code}
    return client.post(f"{AT}/take/A", data=facts).text


def offers(client, faces):
    """No number today, then the way to the times."""
    times = f"{AT}/take/A/offers?service={faces.renewal.code}"
    assert times in ways(client, faces)
    return client.get(times).text


def choose(client, faces, **more):
    page = offers(client, faces)
    facts = {
        name: re.search(rf'name="{name}" value="([^"]+)"', page).group(1)
        for name in ("csrf_token", "service", "hall", "starts_at")
    }
    answer = client.post(f"{AT}/take/A/book", data=facts | more)
    assert answer.location == f"{AT}/booking", answer.text


def step_of(client):
    found = re.search(r'name="step" value="(\w+)"', client.get(f"{AT}/booking").text)
    return found.group(1) if found else "book"


def say(client, **values):
    page = client.get(f"{AT}/check-in").text  # any page of the kiosk has the token
    values.setdefault("step", step_of(client))
    answer = client.post(f"{AT}/booking", data={"csrf_token": token(page), **values})
    assert answer.status_code == 303, answer.text
    return answer


def code(faces):
    with faces.parts.database.transaction() as session:
        return code_of(session.query(PhoneCode).order_by(PhoneCode.id.desc()).first())


def fill(client, faces):
    say(client, document=ID)
    say(client, name="zhang  san")
    say(client, phone="138 0013 8000")


def booked(faces):
    with faces.parts.database.transaction() as session:
        return session.query(Appointment).all()


def free(faces):
    with faces.parts.database.transaction() as session:
        return session.query(Number).filter(Number.hold_token.is_(None)).count()


def test_who_gets_no_number_today_books_one_with_document_name_and_verified_phone(stopped):
    client = stopped.kiosk()
    choose(client, stopped)
    fill(client, stopped)
    assert booked(stopped) == []
    assert say(client, sms=code(stopped)).location == f"{AT}/booking"
    told = []
    with template_rendered.connected_to(lambda _app, context, **_: told.append(context["page"]), stopped.app):
        page = client.get(f"{AT}/booked").text
    [appointment] = booked(stopped)
    path = urlsplit(told[0]).path
    assert "10:00" in stopped.app.test_client().get(path).text  # what the paper's dots say is a page
    assert appointment.code in page
    assert "3月3日" in page
    assert "10:00" in page
    assert path.endswith(appointment.reference)
    assert path not in page  # only as dots: nobody reads it over a shoulder
    with stopped.parts.database.transaction() as session:
        citizen = session.get(Citizen, appointment.citizen_id)
        assert (name_of(citizen), number_of(citizen)) == ("zhang san", ID)
    assert say(client, sms="000000").location == f"{AT}/booking"  # a late second press
    assert len(booked(stopped)) == 1


def test_a_reader_says_number_and_name_at_once(stopped):
    client = stopped.kiosk()
    choose(client, stopped)
    say(client, code=f"张三|{ID}")
    assert "请输入手机号" in client.get(f"{AT}/booking").text


def test_nothing_typed_is_shown_again_and_the_start_forgets_it(stopped):
    client = stopped.kiosk()
    choose(client, stopped)
    fill(client, stopped)
    page = client.get(f"{AT}/booking").text
    for secret in (ID, "zhang san", "13800138000"):
        assert secret not in page
    assert "110*************2X" in page
    assert free(stopped) == 2
    client.head(f"{AT}/home")
    assert free(stopped) == 2  # asked whether the line is up, by a page that stays
    client.get(f"{AT}/home")
    assert free(stopped) == 3
    assert client.get(f"{AT}/booking").status_code == 404
    with stopped.parts.database.transaction() as session:
        assert b"13800138000" not in (session.query(Draft).one().form_sealed or b"")
    choose(client, stopped)
    assert "请刷证件或输入证件号" in client.get(f"{AT}/booking").text


def test_after_the_confirmation_the_next_person_finds_nothing(stopped):
    client = stopped.kiosk()
    choose(client, stopped)
    fill(client, stopped)
    say(client, sms=code(stopped))
    client.get(f"{AT}/home")
    assert client.get(f"{AT}/booked").status_code == 404
    assert len(booked(stopped)) == 1


def tries(faces):
    with faces.parts.database.transaction() as session:
        return [row.tries for row in session.query(PhoneCode).order_by(PhoneCode.id)]


def test_a_form_that_is_sent_again_is_no_wrong_code(stopped):
    client = stopped.kiosk()
    choose(client, stopped)
    fill(client, stopped)
    for late in (
        {"phone": "138 0013 8000", "step": "phone"},
        {"name": "李四", "step": "name"},
        {"document": ID, "step": "number"},
        {"sms": "000000", "step": ""},
    ):
        say(client, **late)
    assert tries(stopped) == [0]
    page = client.get(f"{AT}/booking").text
    assert "请输入短信验证码" in page
    assert "error-summary" not in page
    wrong = "000000" if code(stopped) != "000000" else "111111"
    for _twice in range(2):
        say(client, sms=wrong, press="one press")
    assert tries(stopped) == [1]
    assert "验证码不正确" in client.get(f"{AT}/booking").text
    say(client, sms=wrong, press="another")
    assert tries(stopped) == [2]
    say(client, sms=code(stopped), press="a third")
    assert len(booked(stopped)) == 1


def test_one_press_keeps_one_number_also_when_its_answer_was_lost(stopped):
    client = stopped.kiosk()
    choose(client, stopped, press="p1")
    first = client.get_cookie("spot", path=AT).value
    client.delete_cookie("spot", path=AT)
    choose(client, stopped, press="p1")
    assert client.get_cookie("spot", path=AT).value == first
    assert free(stopped) == 2
    choose(client, stopped, press="p2")  # another wish, in place of the first
    assert client.get_cookie("spot", path=AT).value != first
    assert free(stopped) == 2


def test_an_old_press_after_the_start_keeps_a_number_anew(stopped):
    client = stopped.kiosk()
    choose(client, stopped, press="p1")
    client.get(f"{AT}/home")
    assert free(stopped) == 3
    choose(client, stopped, press="p1")
    assert free(stopped) == 2
    assert "请刷证件或输入证件号" in client.get(f"{AT}/booking").text


def test_the_page_says_how_long_the_number_is_kept_and_leads_back_to_the_times(stopped):
    client = stopped.kiosk()
    choose(client, stopped)
    other = f"{AT}/take/A/offers?service={stopped.renewal.code}"
    for typed in ({"document": ID}, {"name": "张三"}, {"phone": "13800138000"}):
        page = client.get(f"{AT}/booking").text
        assert 'data-countdown="600"' in page
        assert f'href="{other}"' in page
        say(client, **typed)
    times = client.get(other)
    assert 'name="starts_at"' in times.text
    choose(client, stopped)  # what was typed goes with the person
    assert "请输入短信验证码" in client.get(f"{AT}/booking").text


@pytest.mark.parametrize(
    ("before", "wrong", "sentence"),
    [
        ({}, {"document": ID[:-1] + "1"}, "校验不通过"),
        ({}, {"document": ""}, "请把证件放到读卡器上"),
        ({"document": ID}, {"name": "123"}, "姓名只能填写文字"),
        ({"document": ID, "name": "张三"}, {"phone": "12"}, "手机号码格式不正确"),
        ({"document": ID, "name": "张三", "phone": "13800138000"}, {"sms": "000000"}, "验证码不正确"),
    ],
)
def test_what_real_names_ask_is_checked_step_by_step_and_not_repeated(stopped, before, wrong, sentence):
    client = stopped.kiosk()
    choose(client, stopped)
    for name, value in before.items():
        say(client, **{name: value})
    say(client, **wrong)
    page = client.get(f"{AT}/booking").text
    assert sentence in page
    assert sentence in client.get(f"{AT}/booking").text  # scripts ask for the page once more
    choose(client, stopped)
    client.get(f"{AT}/home")
    choose(client, stopped)
    assert sentence not in client.get(f"{AT}/booking").text
    [typed] = wrong.values()
    assert not typed or f'value="{typed}"' not in page
    assert booked(stopped) == []


def test_who_is_booked_that_day_already_is_told_so_and_may_choose_another_time(stopped):
    client = stopped.kiosk()
    for _twice in range(2):
        choose(client, stopped)
        say(client, document=ID)
        say(client, name="张三")
        with stopped.parts.database.transaction() as session:
            session.query(PhoneCode).delete()  # a phone gets one code a minute
        say(client, phone="13800138000")
        say(client, sms=code(stopped))
        page = client.get(f"{AT}/booking")
        if page.status_code == 302:
            client.get(f"{AT}/home")
    assert "您当天已有同类业务的预约" in page.text
    assert "换时间" in page.text
    assert len(booked(stopped)) == 1


def test_another_phone_is_not_told_whether_a_document_has_a_booking(stopped):
    client = stopped.kiosk()
    for phone in ("13800138000", "13900139000"):
        choose(client, stopped)
        say(client, document=ID)
        say(client, name="张三")
        say(client, phone=phone)
        say(client, sms=code(stopped))
        page = client.get(f"{AT}/booking")
        if page.status_code == 302:
            client.get(f"{AT}/home")
    assert "这个手机号暂时不能用这份证件预约这个时段" in page.text
    assert "当天已有" not in page.text
    assert len(booked(stopped)) == 1


def test_a_number_that_somebody_else_took_is_not_offered_again(stopped):
    client = stopped.kiosk()
    page = offers(client, stopped)
    with stopped.parts.database.transaction() as session:
        session.query(Number).update({"appointment_id": None, "channel": "duty"})
    facts = {
        name: re.search(rf'name="{name}" value="([^"]+)"', page).group(1)
        for name in ("csrf_token", "service", "hall", "starts_at")
    }
    answer = client.post(f"{AT}/take/A/book", data=facts)
    assert answer.status_code == 409
    assert "刚刚约满" in answer.text


def test_without_a_matter_one_chooses_it_first(stopped):
    client = stopped.kiosk()
    page = client.get(f"{AT}/take/A").text
    refused = client.post(f"{AT}/take/A", data={"csrf_token": token(page)}).text
    assert "10:00" in refused
    times = client.get(f"{AT}/take/A/offers").text
    assert "10:00" in times
    assert 'name="starts_at"' not in times
    assert "先选要办的事项" in times


def test_the_confirmation_of_a_stranger_is_not_printed(stopped):
    client = stopped.kiosk()
    page = client.get(f"{AT}/take/A").text
    answer = client.post(f"{AT}/booked/print", data={"csrf_token": token(page), "dots": ""})
    assert answer.status_code == 404
