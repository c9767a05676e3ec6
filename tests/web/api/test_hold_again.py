"""A hold that is sent again with its key: one answer, one hold, one proof; and no way around a limit."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from booking.peak import solve
from halls.queries import get_hall
from tests.web.api.town import Town, browser, hold_body

KEY = {"Idempotency_Key": "a-key-of-a-program"}


def ask(town: Town, time: str = "10:00", **headers: str):
    return town.post("/holds", hold_body(time, hall=town.hall), **(KEY | headers))


def tries(town: Town) -> list[int]:
    """What was counted of holds, and of those without a name."""
    redis = town.parts.redis
    return [
        sum(int(redis.get(key)) for key in redis.scan_iter(kind))
        for kind in ("fair:hold.*", "fair:nameless:*")
    ]


def allow(town: Town, nameless: int) -> None:
    with town.parts.database.transaction() as session:
        get_hall(session, town.hall).policy = {"booking": {"proof_at_nameless_holds": nameless}}


def test_the_same_key_is_one_hold_one_answer_and_one_try(town):
    first = ask(town)
    counted = tries(town)
    for _ in range(40):
        again = ask(town)
        assert (again.status_code, again.data) == (201, first.data)
        assert again.headers["Idempotency-Replayed"] == "true"
    assert (town.counts()["draft"], tries(town)) == (1, counted)


def test_also_when_all_ask_at_once(town):
    with ThreadPoolExecutor(8) as pool:
        answers = [each.result() for each in [pool.submit(ask, town) for _ in range(8)]]
    assert {each.status_code for each in answers} <= {201, 409}
    assert len({each.data for each in answers if each.status_code == 201}) == 1
    assert town.counts()["draft"] == 1


def test_and_when_others_found_the_slot_full_since(town):
    first = ask(town, "11:00")
    nth = 0
    while town.post("/holds", hold_body("11:00", hall=town.hall), cookie=browser(nth)).status_code == 201:
        nth += 1
    assert ask(town, "11:00").data == first.data


def test_a_proof_that_came_to_nothing_is_good_again_with_its_key_alone(town, monkeypatch):
    allow(town, 1)
    assert town.hold("14:00").status_code == 201
    refused = ask(town)
    assert (refused.status_code, refused.json["code"]) == (428, "proof_required")
    proof = f"{refused.json['challenge']}:{solve(refused.json['challenge'])}"

    def lost(*_args, **_options):
        raise ConnectionResetError

    from booking import idempotency  # noqa: PLC0415  # beside its use

    with monkeypatch.context() as broken:  # the work is done, and goes with the transaction
        broken.setattr(idempotency, "finish", lost)
        assert ask(town, Youhao_Proof=proof).status_code == 500
    assert town.counts()["draft"] == 1
    other = ask(town, Youhao_Proof=proof, Idempotency_Key="another-key")
    assert other.json["code"] == "proof_required"
    held = ask(town, Youhao_Proof=proof)
    assert held.status_code == 201
    assert ask(town, Youhao_Proof=proof).data == held.data == ask(town).data
    assert ask(town, "10:30", Youhao_Proof=proof).json["code"] == "idempotency_key_reused"
    assert town.hold("10:30").json["code"] == "proof_required"
    assert town.counts()["draft"] == 2


def test_a_key_dodges_no_limit(town):
    allow(town, 3)
    times = ("10:00", "11:00", "12:00", "13:00", "14:00")
    answers = [ask(town, each, Idempotency_Key=f"key-{each}").status_code for each in times]
    assert answers == [201] * 3 + [428] * 2
    refused = [ask(town, "14:00", Idempotency_Key="key-14:00").status_code for _ in range(3)]
    assert refused == [428] * 3  # a refusal is not kept, and asking again does not wear it out


@pytest.mark.parametrize("who", ["cookie", "Youhao_Device"])
def test_callers_with_a_name_of_their_own_have_keys_of_their_own(town, who):
    names = [browser(1), browser(2)] if who == "cookie" else ["the-program-of-one", "the-program-of-another"]
    mine = ask(town, **{who: names[0]})
    others = [ask(town, time, **{who: names[1]}) for time in ("10:00", "11:00")]
    assert (others[0].status_code, others[0].json["code"]) == (409, "slot_full")  # not the token of another
    assert (mine.status_code, others[1].status_code) == (201, 201)  # nor "used with another body"
    assert ask(town, **{who: names[0]}).data == mine.data
