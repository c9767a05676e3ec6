"""Without a cookie of ours so many holds of a line are free, whatever the caller calls itself; not more."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from booking.peak import solve
from halls.queries import get_hall
from tests.web.api.town import Town, browser, hold_body

MOST = 3


@pytest.fixture
def line(town: Town) -> Town:
    """Numbers for many, of which so few are held without a proof."""
    allow(town, MOST)
    return town


def allow(town: Town, most: int) -> None:
    with town.parts.database.transaction() as session:
        get_hall(session, town.hall).policy = {"booking": {"proof_at_nameless_holds": most}}


def ask(town: Town, nth: int, **headers: str):
    """Slot after slot, so that none is full."""
    return town.post("/holds", hold_body(f"{10 + nth // 2}:{nth % 2 * 3}0", hall=town.hall), **headers)


def held(town: Town) -> int:
    return town.counts()["draft"]


def test_after_so_many_holds_of_a_line_a_nameless_caller_works_for_each(line):
    assert [ask(line, nth).status_code for nth in range(MOST)] == [201] * MOST
    for nth in (MOST, MOST + 1):
        refused = ask(line, nth)
        assert (refused.status_code, refused.json["code"]) == (428, "proof_required")
        challenge = refused.json["challenge"]
        assert ask(line, nth, Youhao_Proof=f"{challenge}:{solve(challenge)}").status_code == 201
    assert held(line) == MOST + 2


def test_names_that_a_program_makes_up_do_not_help(line):
    names = [{"Youhao_Device": f"a-name-that-was-made-up-{nth}"} for nth in range(2 * MOST)]
    answers = [ask(line, nth, **name).status_code for nth, name in enumerate(names)]
    assert answers == [201] * MOST + [428] * MOST
    assert ask(line, 0, cookie="made-up.0123456789abcdef").status_code == 428


def test_nor_do_other_addresses_or_many_at_once(line):
    with ThreadPoolExecutor(12) as pool:
        found = [pool.submit(ask, line, nth, X_Forwarded_For=f"10.0.0.{nth}") for nth in range(12)]
        answers = sorted(each.result().status_code for each in found)
    assert answers == [201] * MOST + [428] * (12 - MOST)
    assert held(line) == MOST


def test_browsers_meet_nothing_of_it(line):
    assert [ask(line, nth).status_code for nth in range(MOST + 1)] == [201] * MOST + [428]
    assert {ask(line, nth, cookie=browser(nth)).status_code for nth in range(MOST, 3 * MOST)} == {201}


def test_what_a_hold_itself_refuses_takes_nobodys_place(line):
    for _ in range(MOST + 1):
        assert line.post("/holds", hold_body(on=-1, hall=line.hall)).status_code == 422
        assert line.post("/holds", hold_body(on=200, hall=line.hall)).status_code == 422
    assert ask(line, 0).status_code == 201


def test_while_redis_is_away_each_process_counts(line, monkeypatch):
    from web import limits  # noqa: PLC0415  # beside its use

    with line.app.app_context():
        counters = limits.fair()
    monkeypatch.setattr(counters, "_may_ask", lambda: False)
    assert [ask(line, nth).status_code for nth in range(MOST + 1)] == [201] * MOST + [428]


def test_a_hall_can_turn_it_off(town):
    allow(town, 0)
    assert {ask(town, nth).status_code for nth in range(12)} == {201}


def test_a_hall_that_says_nothing_allows_ten(town):
    assert [ask(town, nth).status_code for nth in range(12)] == [201] * 10 + [428] * 2
