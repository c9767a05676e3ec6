"""Whoever reads their own data reads words: no codes of guides, states, messages or grades."""

import json

import pytest

from feedback.grades import GRADES, REASONS
from kernel.crypto import cipher
from notifications.kinds import KINDS
from notifications.states import MessageState
from people.citizens import phone_index
from queueing.states import TicketState
from tests import build
from tests.web.citizen.town import book
from web.citizen.data_words import data_words

MOBILE = "+8613800138000"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("section", "codes"),
    [
        ("messages", [*KINDS, *MessageState]),
        ("tickets", list(TicketState)),
        ("ratings", [*GRADES, *REASONS]),
    ],
)
def test_every_code_has_its_word(town, section, codes, language):
    with town.app.test_request_context(headers={"Cookie": f"lang={language}"}):
        words = data_words(section)
    assert [str(code) for code in codes if not words.get(code)] == []


def test_what_was_answered_to_a_guide_is_read_in_words(town, phone):
    book(town, phone)
    phone.go("/my/data")
    assert "身份证怎么了？ 丢了或被偷了" in phone.words
    assert "reason" not in phone.words
    phone.client.set_cookie("lang", "en")
    assert "What happened to the card? It is lost or was stolen" in phone.refresh().words
    answers = json.loads(phone.go("/my/data.json").answer.text)["appointments"][0]["answers"]
    assert all(set(each) == {"question", "answer"} for each in answers)
    assert len(answers) == 3


def test_a_ticket_says_what_was_done_and_what_was_left(town, phone):
    book(town, phone)
    renewal, passport = town.appointment().service_ids[0], None
    with town.parts.database.transaction() as session:
        passport = build.make_service(session, town.other_group, name_zh="签注", name_en="Endorsement").id
        build.make_ticket(
            session,
            town.group,
            1,
            state="abandoned",
            phone_sealed=cipher().encrypt(MOBILE, "ticket.phone"),
            phone_index=phone_index(MOBILE),
            done_service_ids=[renewal],
            service_ids=[],
            legs=[{"group_id": town.other_group.id, "service_ids": [passport]}],
        )
    (ticket,) = json.loads(phone.go("/my/data.json").answer.text)["tickets"]
    assert (ticket["done"], ticket["undone"]) == (["居民身份证补领、换领"], ["签注"])
    words = phone.go("/my/data").words
    assert "没有办的事项签注" in words
    assert "已作废" in words
