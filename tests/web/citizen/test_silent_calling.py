"""A citizen chooses on the page of the ticket not to be called out."""

from sqlalchemy import update

from kernel.crypto import cipher
from queueing.models import Ticket
from tests.web.citizen.test_queue_page import Counter, walk_in

ASK, BACK = "不要出声叫号", "改回出声叫号"


def test_silence_is_one_press_and_one_press_back(town, phone):
    reference = walk_in(town, "09:00", 2)
    phone.go(f"/q/{reference}").press(ASK)
    assert phone.path == f"/q/{reference}"
    assert "叫到您时只在屏幕上显示，不出声" in phone.words
    assert "您没有留手机号，请一直开着这一页" in phone.words
    phone.press(BACK)
    assert "会出声叫号" in phone.words
    assert phone.form_with(ASK)


def test_who_left_a_phone_is_told_that_a_message_comes(town, phone):
    reference = walk_in(town, "09:00", 2)
    keys = cipher()
    sealed = keys.encrypt("+8613800138000", "ticket.phone")
    with town.parts.database.transaction() as session:
        session.execute(update(Ticket).values(phone_sealed=sealed))
    assert "同时发短信给您" in phone.go(f"/q/{reference}").press(ASK).words


def test_the_page_says_where_to_go_and_what_is_over_cannot_be_chosen(town, phone):
    reference = walk_in(town, "09:00")
    phone.go(f"/q/{reference}").press(ASK)
    Counter(town, "09:01").call("09:01")
    assert "请到 3 号窗口" in phone.refresh().words
    assert "data-buzz" in phone.html
    with town.parts.database.transaction() as session:
        session.execute(update(Ticket).values(state="completed"))
    assert ASK not in phone.refresh().words
