"""How much typing a document can tell of it: as much as docs/adr/0009-what-a-try-tells.md says."""

import pytest

from people.sample_ids import sample_resident_id
from web.limits import RULES

OWNERS, NOBODYS = sample_resident_id(1), sample_resident_id(4711)
#: Of all phones, and of one, with one document in a day.
OF_ALL, OF_ONE = 16, 8


@pytest.fixture
def known(town):
    """The owner of OWNERS has a booking tomorrow at ten, made with one try."""
    return town.book(1)["reference"]


def ask(town, number, phone_token, hold_token):
    body = {
        "hold_token": hold_token,
        "phone_token": phone_token,
        "name": "李四",
        "identity_kind": "resident_id",
        "identity_number": number,
    }
    return town.post("/appointments", body)


def said(answer):
    """The whole answer."""
    told = {name: value for name, value in answer.json.items() if name != "instance"}
    return answer.status_code, answer.headers.get("Retry-After"), str(sorted(told.items()))


def strangers(town, count):
    return [town.phone_token(f"139{nth:08d}") for nth in range(count)]


def test_the_limits_are_those_that_the_decision_names():
    day = 86400
    assert (RULES["book.identity"].most, RULES["book.identity"].seconds) == (OF_ALL, day)
    assert (RULES["book.pair"].most, RULES["book.pair"].seconds) == (OF_ONE, day)


def test_many_phones_together_ask_no_more_of_a_document_than_the_bound(town, known):
    held = town.hold("11:00").json["token"]
    answers = [ask(town, OWNERS, token, held) for token in strangers(town, OF_ALL + 3)]
    told = [answer.json["code"] for answer in answers]
    assert told == ["document_not_bookable"] * (OF_ALL - 1) + ["limit_reached"] * 4  # one try was its owner's
    assert len({said(answer) for answer in answers[: OF_ALL - 1]}) == 1


def test_when_the_tries_are_used_up_nothing_tells_a_booked_document_from_any_other(town, known):
    held, tokens = town.hold("11:00").json["token"], strangers(town, OF_ALL)
    for token in tokens[1:]:
        ask(town, OWNERS, token, held)
        ask(town, NOBODYS, token, "not-a-hold-of-anybody-0123456789")
    ask(town, NOBODYS, tokens[1], "not-a-hold-of-anybody-0123456789")
    booked, free = (ask(town, number, tokens[0], held) for number in (OWNERS, NOBODYS))
    assert said(booked) == said(free)  # not even when somebody else has first tried
    assert booked.headers["Retry-After"] == "86400"
    assert (booked.status_code, booked.json["limit"]) == (429, "book.identity")


def test_one_phone_alone_uses_up_no_document_for_others(town):
    own, other = strangers(town, 2)
    nowhere = "not-a-hold-of-anybody-0123456789"
    told = [ask(town, NOBODYS, own, nowhere) for _ in range(OF_ONE + 1)]
    assert {answer.json["code"] for answer in told[:OF_ONE]} == {"hold_expired"}
    assert (told[-1].status_code, told[-1].json["limit"]) == (429, "book.pair")
    assert ask(town, NOBODYS, other, town.hold("11:00").json["token"]).status_code == 201


def test_taking_a_cancellation_back_asks_what_stands_that_day_and_counts_as_a_try(town, known):
    """Cancelling and taking it back in turn would tell, for nothing, when others book with the document."""
    for _ in range(OF_ONE - 1):  # one was its booking
        assert town.post(f"/appointments/{known}/cancel").status_code == 200
        assert town.post(f"/appointments/{known}/undo-cancel").status_code == 200
    assert town.post(f"/appointments/{known}/cancel").status_code == 200
    refused = town.post(f"/appointments/{known}/undo-cancel")
    assert (refused.status_code, refused.json["limit"]) == (429, "book.pair")
    assert town.get(f"/appointments/{known}").json["state"] == "cancelled"
