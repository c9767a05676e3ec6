"""A number that is shown to the kiosk once more says how it stands now."""

import re

from queueing.models import Ticket
from tests.web.hall_faces import press


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
