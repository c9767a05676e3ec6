import html
import logging
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from catalog.models import Service
from kernel.actor import SYSTEM
from people import devices
from people.citizens import identity_index
from queueing.models import Ticket
from tests import build
from tests.web.apps import app_for
from tests.web.hall_faces import Faces, press, token


def take(client, faces: Faces, group="A", **values):
    page = client.get(f"/kiosk/yunzhou/take/{group}").text
    facts = {
        "csrf_token": token(page),
        "press": re.search(r'name="press"[^>]*value="([^"]+)"', page).group(1),
    }
    return client.post(f"/kiosk/yunzhou/take/{group}", data=facts | values)


def check_in(client, **values):
    page = client.get("/kiosk/yunzhou/check-in").text
    return client.post("/kiosk/yunzhou/check-in", data={"csrf_token": token(page), **values})


def shown(client, answer):
    assert answer.status_code == 303, answer.text
    return client.get(answer.location).text


def test_the_token_becomes_a_cookie_and_leaves_the_address(faces):
    client = faces.app.test_client()
    answer = client.get(f"/kiosk/yunzhou?device={faces.kiosk_token}&printer=1")
    assert answer.location == "/kiosk/yunzhou/home"
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    page = client.get(answer.location).text
    assert "预约签到" in page
    assert "现场取号" in page


def test_the_token_is_left_in_no_referrer_log_or_page(faces, caplog):
    caplog.set_level(logging.DEBUG)
    with faces.parts.database.transaction() as session:
        other = build.make_hall(session, "elsewhere")
        _row, others = devices.enrol(
            session, kind="kiosk", hall_id=other.id, name="x", actor=SYSTEM, now=build.at("08:00")
        )
    client = faces.app.test_client()
    for secret, status in ((faces.kiosk_token, 303), (others, 403), ("wrong" * 8, 401)):
        answer = client.get(f"/kiosk/yunzhou?device={secret}")
        assert (answer.status_code, answer.headers["Referrer-Policy"]) == (status, "no-referrer")
        assert secret not in answer.text + answer.headers.get("Location", "") + caplog.text
        if status != 303:
            assert '<meta name="referrer" content="no-referrer">' in answer.text
            assert not any("device=" in cookie for cookie in answer.headers.getlist("Set-Cookie"))
        else:
            [kept, _printer] = answer.headers.getlist("Set-Cookie")
            assert kept.startswith(f"device={secret};")
            for word in ("HttpOnly", "Path=/kiosk/yunzhou", "SameSite=Lax"):
                assert word in kept
            assert client.get(answer.location).headers["Referrer-Policy"] == "same-origin"


def test_under_https_the_token_never_leaves_by_http(parts):
    secure = app_for(replace(parts, settings=replace(parts.settings, public_url="https://youhao.example")))
    with parts.database.transaction() as session:
        hall = build.make_hall(session, "yunzhou")
        _row, secret = devices.enrol(
            session, kind="kiosk", hall_id=hall.id, name="x", actor=SYSTEM, now=build.at("08:00")
        )
    answer = secure.test_client().get(f"/kiosk/yunzhou?device={secret}")  # a proxy in front ended the TLS
    assert ["Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie")] == [True, True]


@pytest.mark.parametrize("path", ["home", "check-in", "check-in/document", "take", "take/A", "help"])
def test_nobody_but_an_enrolled_kiosk_sees_its_pages(faces, path):
    answer = faces.app.test_client().get(f"/kiosk/yunzhou/{path}")
    assert answer.status_code == 401
    assert "请联系大厅工作人员" in answer.text
    assert "这台设备还不能用" in answer.text
    assert "在本机打开 http://127.0.0.1:8000/pair，把显示的配对码输入" in answer.text
    assert "回到首页" not in answer.text


@pytest.mark.parametrize("kind", ["kiosk", "display"])
def test_a_device_of_another_hall_or_kind_is_refused(faces, kind):
    with faces.parts.database.transaction() as session:
        other = build.make_hall(session, "elsewhere")
        hall_id = other.id if kind == "kiosk" else faces.hall.id
        _row, wrong = devices.enrol(
            session, kind=kind, hall_id=hall_id, name="x", actor=SYSTEM, now=build.at("08:00")
        )
    client = faces.app.test_client()
    assert client.get(f"/kiosk/yunzhou?device={wrong}").status_code == (403 if kind == "kiosk" else 401)
    client.set_cookie("device", wrong)
    answer = client.get("/kiosk/yunzhou/home")
    assert answer.status_code == (403 if kind == "kiosk" else 401)
    assert "现场取号" not in answer.text


def test_a_withdrawn_kiosk_is_told_so(faces):
    client = faces.kiosk()
    with faces.parts.database.transaction() as session:
        device = devices.find_device(session, faces.kiosk_token)
        devices.revoke(session, device, actor=SYSTEM, now=build.at("08:30"))
    assert client.get("/kiosk/yunzhou/home").status_code == 401


def test_every_matter_is_three_presses_away(faces):
    with faces.parts.database.transaction() as session:
        last = [build.make_service(session, faces.a, position=90 + at) for at in range(30)][-1].code
    client = faces.kiosk()
    home = client.get("/kiosk/yunzhou/home").text
    large = "/preferences?care=1&amp;next=/kiosk/yunzhou/take?line%3DA"
    for first in ("/kiosk/yunzhou/take", "/kiosk/yunzhou/take?line=A", large):
        assert f'href="{first}"' in home
        page = client.get(html.unescape(first), follow_redirects=True).text
        assert f'href="/kiosk/yunzhou/take/A?service={last}"' in page
        assert ("data-care" in page) == (first == large)
    assert f"service={faces.passport.code}" not in client.get("/kiosk/yunzhou/take?line=A").text
    assert client.get("/kiosk/yunzhou/take?line=<nothing>").status_code == 200


def test_three_taps_give_a_ticket(faces):
    client = faces.kiosk()
    first = client.get("/kiosk/yunzhou/home").text
    assert 'href="/kiosk/yunzhou/take"' in first
    second = client.get("/kiosk/yunzhou/take").text
    third = f"/kiosk/yunzhou/take/A?service={faces.renewal.code}"
    assert f'href="{third}"' in second
    page = client.get(third).text
    assert "最迟 09:20 叫到您" in page
    ticket = shown(client, take(client, faces, service=faces.renewal.code))
    assert "A001" in ticket
    assert "居民身份证补换领" in ticket
    assert "<dt>最迟叫号</dt>" in ticket
    assert "<svg" in ticket
    row = faces.tickets()[0]
    assert row.service_ids == [faces.renewal.id]


def test_tells_first_that_a_service_can_be_done_online(faces):
    client = faces.kiosk()
    page = client.get(f"/kiosk/yunzhou/take/B?service={faces.passport.code}").text
    assert page.index("可以网上办") < page.index("取号</button>")
    assert "邮寄到家" in page


def test_tells_first_which_machine_does_it_and_where(faces):
    with faces.parts.database.transaction() as session:
        service = session.get(Service, faces.renewal.id)
        service.machine_zh, service.machine_en = "一楼自助制证机，24 小时", "Machine on the ground floor"
    client = faces.kiosk()
    assert "也可自助机办" in client.get("/kiosk/yunzhou/take").text
    page = client.get(f"/kiosk/yunzhou/take/A?service={faces.renewal.code}").text
    assert page.index("一楼自助制证机") < page.index("取号</button>")
    assert "自助机就能办" in page
    client.set_cookie("lang", "en")
    assert (
        "Machine on the ground floor"
        in client.get(f"/kiosk/yunzhou/take/A?service={faces.renewal.code}").text
    )


def test_large_letters_show_the_same_matters_and_go_with_the_person(faces):
    with faces.parts.database.transaction() as session:
        for at in range(6):
            build.make_service(session, faces.a, position=90 + at)
    client = faces.kiosk()
    client.get("/preferences?care=1&next=/kiosk/yunzhou/take")
    page = client.get("/kiosk/yunzhou/take").text
    assert "data-care" in page
    assert page.count("take/A?service=") == 7
    assert "大字取号" not in client.get("/kiosk/yunzhou/home").text
    assert (
        'data-reset-url="/preferences?lang=zh&amp;care=0&amp;next=' in client.get("/kiosk/yunzhou/home").text
    )
    client.get("/preferences?lang=zh&care=0&next=/kiosk/yunzhou/home")
    assert "data-care" not in client.get("/kiosk/yunzhou/home").text


def test_the_same_press_twice_gives_one_ticket(faces):
    client = faces.kiosk()
    page = client.get("/kiosk/yunzhou/take/A").text
    facts = {"csrf_token": token(page), "press": "one-press"}
    answers = [client.post("/kiosk/yunzhou/take/A", data=facts) for _ in range(2)]
    assert answers[0].location == answers[1].location
    assert len(faces.tickets()) == 1


def test_green_channel_and_phone_are_kept_with_the_ticket(faces):
    client = faces.kiosk()
    page = shown(client, take(client, faces, green="elderly", phone="138 0013 8000"))
    assert "绿色通道" in page
    row = faces.tickets()[0]
    assert (row.track, row.green_reason) == ("green", "elderly")
    assert row.phone_index is not None
    assert b"13800138000" not in row.phone_sealed


def test_silent_calling_is_chosen_with_the_number(faces):
    client = faces.kiosk()
    assert "短信提醒我" in client.get("/kiosk/yunzhou/take/A").text
    assert "不出声叫号" in client.get("/kiosk/yunzhou/take/A?sms=1").text
    take(client, faces, silent="1")
    take(client, faces)
    assert [ticket.silent for ticket in faces.tickets()] == [True, False]


def test_a_wrong_phone_is_explained_and_takes_no_number(faces):
    answer = take(faces.kiosk(), faces, phone="12")
    assert answer.status_code == 422
    assert "手机号码格式不正确" in answer.text
    assert faces.tickets() == []


def test_a_service_of_another_line_is_refused(faces):
    answer = faces.kiosk().get(f"/kiosk/yunzhou/take/A?service={faces.passport.code}")
    assert answer.status_code == 404
    assert "请搜索或从列表中选择" in answer.text


def test_stopped_walk_ins_read_what_to_do_instead(faces):
    with faces.parts.database.transaction() as session:
        build.make_slot(session, faces.a, build.at("10:00", build.TODAY + timedelta(days=1)))
    faces.at("16:58")
    client = faces.kiosk()
    assert "看看其他办法" in client.get("/kiosk/yunzhou/take/A").text
    answer = take(client, faces)
    assert answer.status_code == 409
    assert "现场号已停发" in answer.text
    assert "10:00" in answer.text
    assert "请值班长协助" in answer.text
    assert faces.tickets() == []
    standby = shown(client, take(client, faces, track="standby"))
    assert "不保证今天叫到" in standby
    assert not [words for words in ("最迟叫号", "大约等候") if words in standby]  # nobody knows
    green = shown(client, take(client, faces, green="urgent"))
    assert "绿色通道" in green
    assert "<dt>最迟叫号</dt>" not in green  # nobody promised it a time


def test_a_closed_line_offers_other_days_only(faces):
    faces.at("18:00")
    answer = take(faces.kiosk(), faces)
    assert answer.status_code == 409
    assert "今天这里不再办理" in answer.text
    assert "候补" not in answer.text


def test_who_comes_too_late_for_their_booking_reads_what_to_do_instead(faces):
    with faces.parts.database.transaction() as session:
        build.make_slot(session, faces.a, build.at("10:00", build.TODAY + timedelta(days=1)))
    booked = faces.appointment("09:00")
    faces.at("16:58")
    answer = check_in(faces.kiosk(), code=booked.code)
    assert answer.status_code == 409
    assert "10:00" in answer.text
    assert "需要优先照顾" in answer.text
    assert "请值班长协助" in answer.text


def test_checks_in_by_code_and_by_qr_and_shows_the_same_ticket(faces):
    booked = faces.appointment("09:00")
    client = faces.kiosk()
    page = shown(client, check_in(client, code=booked.code))
    assert "签到成功" in page
    assert "预约" in page
    assert "A001" in page
    again = check_in(client, code=f"http://127.0.0.1:8000/b/{booked.reference}")
    assert again.location == check_in(client, code=booked.reference).location
    assert [each.track for each in faces.tickets()] == ["booked"]


def test_checks_in_by_document(faces):
    with faces.parts.database.transaction() as session:
        slot = build.make_slot(session, faces.a, build.at("09:00"))
        index = identity_index("passport_cn", "E12345678")
        citizen = build.make_citizen(session, identity_kind="passport_cn", identity_index=index)
        build.make_appointment(session, slot, citizen)
    client = faces.kiosk()
    for typed in (
        {"document": "e1234 5678"},
        {"document": "ZHANG SAN|E12345678"},
        {"code": "ZHANG SAN|e12345678", "from": "document"},
    ):
        answer = check_in(client, **typed)
        assert "E12345678" not in answer.location
        assert "A001" in shown(client, answer)


def test_an_unknown_document_is_told_on_its_own_page_with_its_own_keys(faces):
    client = faces.kiosk()
    for typed in ({"document": "E12345678"}, {"code": "张三|11010519491231002X", "from": "document"}):
        page = check_in(client, letters="all", **typed).text
        assert "用证件号签到" in page
        assert 'data-type="Q"' in page
        assert "E12345678" not in page
        assert "张三" not in page


@pytest.mark.parametrize("wrong", ["000000", "x" * 22, "http://h/q/" + "x" * 22, "", "11010519491231002X"])
def test_an_unknown_booking_is_explained_and_not_repeated_on_the_screen(faces, wrong):
    answer = check_in(faces.kiosk(), code=wrong)
    assert answer.status_code == 404
    assert "没有签到成功" in answer.text
    assert not wrong or wrong not in answer.text


def test_too_early_says_when(faces):
    booked = faces.appointment("11:00")
    answer = check_in(faces.kiosk(), code=booked.code)
    assert answer.status_code == 409
    assert "10:30" in answer.text


def test_who_missed_the_call_scans_the_ticket_and_is_called_again(faces):
    faces.waiting(1)
    officer = faces.officer(counter=0)
    press(officer, faces.counter_url(), "next")
    [row] = faces.tickets()
    press(officer, faces.counter_url(), "absent", ticket=row.id)
    client = faces.kiosk()
    scanned = check_in(client, code=f"http://h/q/{row.reference}")
    assert "new" not in scanned.location  # the paper is in their hand: no second one comes out
    page = shown(client, scanned)
    assert "我回来了" in page
    back = client.post(f"/kiosk/yunzhou/ticket/{row.reference}/back", data={"csrf_token": token(page)})
    assert back.status_code == 303
    assert faces.read(Ticket, row.id).state == "waiting"


def test_tickets_of_other_halls_are_not_shown(faces):
    with faces.parts.database.transaction() as session:
        other = build.make_group(session, build.make_hall(session, "elsewhere"))
        ticket = build.make_ticket(session, other, 1)
    client = faces.kiosk()
    assert client.get(f"/kiosk/yunzhou/ticket/{ticket.reference}").status_code == 404
    assert check_in(client, code=f"http://h/q/{ticket.reference}").status_code == 404


def test_speaks_english_and_goes_back_to_chinese(faces):
    client = faces.kiosk()
    client.set_cookie("lang", "en")
    page = client.get("/kiosk/yunzhou/home").text
    assert "Yunzhou Hall" in page
    assert 'data-reset-url="/preferences?lang=zh&amp;care=0&amp;next=' in page


def test_posts_without_the_form_are_refused(faces):
    assert faces.kiosk().post("/kiosk/yunzhou/take/A").status_code == 400


def test_who_is_not_called_out_is_not_told_to_listen(faces):
    client = faces.kiosk()
    assert "留意大屏和广播" in shown(client, take(client, faces))
    silent = shown(client, take(client, faces, silent="1"))
    assert "叫到您时不出声" in silent
    assert "广播" not in silent


def test_the_standby_whom_a_refused_newcomer_let_in_stays_in(faces):
    faces.at("16:00")
    kiosk = faces.kiosk()
    while take(kiosk, faces).status_code == 303:
        pass
    take(kiosk, faces, track="standby")
    waits = faces.tickets()[-1]
    assert waits.track == "standby"
    with faces.parts.database.transaction() as session:
        session.get(Ticket, faces.tickets()[0].id).state = "abandoned"
    assert take(kiosk, faces).status_code == 409
    let_in = faces.read(Ticket, waits.id)
    assert let_in.track == "walk_in"
    assert let_in.promised_at is not None
