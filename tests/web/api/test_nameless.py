"""Without a cookie of ours so many holds of a line are free, whatever the caller calls itself; not more.

And they are kept for a short time, until somebody stands for them.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from booking.models import Number
from booking.peak import solve
from halls.queries import get_hall
from kernel import clock
from tests import build
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


def hold_for(town: Town, nth: int = 0, **headers: str):
    """The minutes that a hold is kept, and its token."""
    answer = ask(town, nth, **headers)
    assert answer.status_code == 201, answer.text
    until = datetime.fromisoformat(answer.json["held_until"])
    return (until - build.at("09:30")) / timedelta(minutes=1), answer.json["token"]


def keep(town: Town, token: str, **said: str):
    cookie = said.pop("cookie", "")
    return town.post(f"/holds/{token}/keep", said, cookie=cookie)


def test_a_hold_that_nobody_stands_for_is_kept_for_three_minutes_and_a_browsers_for_ten(town):
    assert hold_for(town)[0] == 3
    assert hold_for(town, 1, Youhao_Device="a-name-that-was-made-up")[0] == 3
    assert hold_for(town, 2, cookie=browser(1))[0] == 10


@pytest.mark.parametrize(("nameless", "usual", "kept"), [(5, 10, 5), (20, 10, 10), (1, 2, 1)])
def test_how_long_is_a_value_of_the_hall_and_never_longer_than_for_others(town, nameless, usual, kept):
    rules = {"nameless_hold_minutes": nameless, "hold_minutes": usual}
    with town.parts.database.transaction() as session:
        get_hall(session, town.hall).policy = {"booking": rules}
    assert hold_for(town)[0] == kept


def test_a_verified_phone_keeps_it_for_the_usual_time_from_its_beginning(town):
    _minutes, token = hold_for(town)
    phone = town.phone_token()
    for _ in range(2):  # saying it again gains nothing
        town.set_clock(build.at("09:32"))
        kept = keep(town, token, phone_token=phone)
        assert (kept.status_code, kept.json["held_until"]) == (200, build.at("09:40").isoformat())
        assert kept.json["token"] == token
    town.set_clock(build.at("09:39"))
    assert running(town) == 1  # the number itself, too
    town.set_clock(build.at("09:40"))
    assert running(town) == 0


def running(town: Town) -> int:
    with town.parts.database.transaction() as session:
        return session.scalar(select(func.count()).where(Number.held_until > clock.now()))


def test_so_does_a_cookie_of_ours_and_nobody_without_either(town):
    _minutes, token = hold_for(town)
    assert keep(town, token).status_code == 401
    assert keep(town, token, phone_token="made-up").status_code == 401
    assert keep(town, token, cookie=browser(1)).json["held_until"] == build.at("09:40").isoformat()


def test_what_was_given_up_booked_or_taken_by_others_is_not_kept(town):
    phone = town.phone_token()
    _minutes, token = hold_for(town)
    assert town.call("DELETE", f"/holds/{token}").status_code == 204
    booked = town.book_body(clock_time="11:00")
    assert town.post("/appointments", booked).status_code == 201
    for ended in (token, booked["hold_token"], "x" * 32):
        refused = keep(town, ended, phone_token=phone)
        assert (refused.status_code, refused.json["code"]) == (409, "hold_expired")


def test_nor_is_one_that_is_older_than_a_hold_becomes(town):
    phone = town.phone_token()
    _minutes, token = hold_for(town)
    town.set_clock(build.at("09:35"))  # run out, and nobody else has taken it
    assert keep(town, token, phone_token=phone).status_code == 200
    town.set_clock(build.at("09:41"))
    assert keep(town, token, phone_token=phone).status_code == 409


def test_a_phone_stands_for_ten_holds_in_ten_minutes(town):
    phone = town.phone_token()
    tokens = [hold_for(town, nth, cookie=browser(nth))[1] for nth in range(2)]
    answers = [keep(town, tokens[nth % 2], phone_token=phone) for nth in range(11)]
    assert [each.status_code for each in answers] == [200] * 10 + [429]
    assert answers[-1].json["limit"] == "hold.phone"


def test_a_short_hold_is_booked_in_time_and_afterwards_while_nobody_has_taken_it(town):
    in_time, late = town.book_body(1), town.book_body(2, clock_time="11:00")
    assert town.post("/appointments", in_time).status_code == 201
    town.set_clock(build.at("09:36"))
    assert town.post("/appointments", late).status_code == 201


def test_others_may_have_the_number_when_it_has_run_out(town):
    late = town.book_body()
    town.set_clock(build.at("09:34"))
    assert ask(town, 0, cookie=browser(7)).status_code == 201
    refused = town.post("/appointments", late)
    assert (refused.status_code, refused.json["code"]) == (409, "hold_expired")
