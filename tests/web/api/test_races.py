"""Many at once by HTTP: one wins, the others are told what is left."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

from sqlalchemy import select, update

from booking.models import Number
from tests import build
from tests.web.api.town import Town, browser, hold_body

THREADS = 50


def _leave_one(town: Town, starts_at: datetime) -> None:
    """Of this slot a single number stays free."""
    with town.parts.database.transaction() as session:
        slot = select(Number.id).where(Number.starts_at == starts_at, Number.released_at <= build.at("09:30"))
        keep, *others = session.scalars(slot.where(Number.channel == "online").order_by(Number.id))
        assert keep
        session.execute(update(Number).where(Number.id.in_(others)).values(channel="duty"))


def _all_at_once(town: Town, ask) -> list:
    barrier = Barrier(THREADS)

    def run(number: int):
        barrier.wait()
        return ask(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_of_fifty_who_want_the_last_place_one_gets_it_and_the_others_get_alternatives(town):
    body = hold_body()
    _leave_one(town, datetime.fromisoformat(body["starts_at"]))
    answers = _all_at_once(town, lambda number: town.post("/holds", body, cookie=browser(number)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: THREADS - 1}
    refused = [answer.json for answer in answers if answer.status_code == 409]
    assert {problem["code"] for problem in refused} == {"slot_full"}
    assert all(problem["alternatives"] for problem in refused)


def test_a_request_sent_fifty_times_at_once_is_carried_out_once(town):
    body = hold_body()
    answers = _all_at_once(
        town, lambda _number: town.post("/holds", body, cookie=browser(0), Idempotency_Key="same")
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json["code"] for answer in answers if answer.status_code == 409} <= {"request_in_progress"}
    assert len({answer.json["token"] for answer in answers if answer.status_code == 201}) == 1
    assert town.counts()["draft"] == 1
