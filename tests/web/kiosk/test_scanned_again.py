"""A number that is shown to the kiosk once more says how it stands now."""

import re

import pytest

from queueing.models import Ticket
from tests import build
from tests.web.hall_faces import press
from tests.web.kiosk.test_kiosk import check_in, shown


def test_who_missed_the_call_too_long_ago_is_led_to_a_new_number_not_to_a_button_that_refuses(faces):
    faces.waiting(1)
    officer = faces.officer(counter=0)
    press(officer, faces.counter_url(), "next")
    [row] = faces.tickets()
    press(officer, faces.counter_url(), "absent", ticket=row.id)
    faces.at("09:40")
    page = faces.kiosk().get(f"/kiosk/yunzhou/ticket/{row.reference}").text
    assert "我回来了" not in page
    assert "看叫号进度" not in page
    assert 'href="/kiosk/yunzhou/take">' in page


def test_a_number_scanned_again_says_how_it_stands_and_not_that_it_was_just_taken(faces):
    faces.waiting(1)
    client, officer, desk = faces.kiosk(), faces.officer(counter=0), faces.counter_url()
    [row] = faces.tickets()
    address = f"/kiosk/yunzhou/ticket/{row.reference}"
    heads = {"": "这是您的号", "next": "09:00 叫到您了，请现在过去", "start": "正在 1 号窗口办理"}
    parked = {"park": "号为您留着", "resume": "正在 1 号窗口办理", "finish": "这次业务已经办完"}
    for key, head in (heads | parked).items():
        if key:
            press(officer, desk, key, ticket=row.id)
        assert re.findall(r"<h1[^>]*>\s*([^<]*?)\s*</h1>", client.get(address).text)[-1] == head
    with faces.parts.database.transaction() as session:
        ticket = session.get(Ticket, row.id)
        ticket.state, ticket.room = "parked", "照相室"
    page = client.get(address).text
    assert "叫号不按号码顺序" not in page
    assert "请到照相室" in page
    assert "办好后直接回到刚才的窗口" in page


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"state": "parked", "park_reason": "paper"}, ("号为您留着", "材料补好后，直接回到")),
        ({"state": "parked", "park_reason": "photo", "room": "照相室"}, ("请到照相室", "办好后直接回到")),
        ({"state": "parked", "park_reason": "check"}, ("号为您留着", "办好后直接回到")),
        ({"state": "completed"}, ("这次业务已经办完", "重新取号")),
        ({"state": "abandoned"}, ("这个号已取消", "重新取号")),
        ({"state": "serving"}, ("正在办理",)),
        ({"state": "called", "called_at": build.at("09:05")}, ("09:05 叫到您了",)),
    ],
)
def test_a_scanned_ticket_says_how_it_stands_and_never_that_it_was_taken_now(faces, values, told):
    row = faces.waiting(1, **values)
    client = faces.kiosk()
    for language in ("zh", "en"):
        client.get(f"/preferences?lang={language}&next=/kiosk/yunzhou")
        page = shown(client, check_in(client, code=f"http://h/q/{row.reference}"))
        assert "取号成功" not in page
        assert "This is your number" not in page
        assert "kiosk-after" in page  # the way on
        if language == "zh":
            assert all(words in page for words in told), page


def test_who_was_put_aside_at_a_counter_that_has_closed_reads_where_to_go(faces):
    row = faces.waiting(1, state="parked", park_reason="paper", counter_id=faces.counters[0].id)
    client = faces.kiosk()
    assert "刚才的窗口已经关了" in shown(client, check_in(client, code=f"http://h/q/{row.reference}"))
    faces.officer(counter=0)
    assert "材料补好后，直接回到刚才的窗口" in shown(
        client, check_in(client, code=f"http://h/q/{row.reference}")
    )
