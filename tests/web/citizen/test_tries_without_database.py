"""A try to hold a number counts once a database is there: pages, the kiosk and the API by the same piece."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from kernel.db import Database, DatabaseDown, make_engine
from runtime.ports import find_free
from tests.web.citizen.town import LOST, PERSON, RENEWAL, TUESDAY, book, hold_first, identify
from web import limits

PHONE = "+8613800138000"

ONE = f"/services/{RENEWAL}/halls/city-hall?a={LOST}"
SEVERAL = f"/visit/halls/city-hall?s={RENEWAL},passport&a={RENEWAL}:{LOST}"


@contextmanager
def no_database(town):
    """Nobody listens where this process looks for PostgreSQL."""
    nowhere = Database(make_engine(f"postgresql+psycopg://nobody@127.0.0.1:{find_free()}/nothing"))
    town.app.extensions["youhao"] = replace(town.parts, database=nowhere)
    try:
        yield nowhere
    finally:
        town.app.extensions["youhao"] = town.parts
        nowhere.dispose()


def tries(town, what: str = "hold") -> int:
    """How many were counted, over everybody and each limit of that name."""
    return sum(int(town.parts.redis.get(key)) for key in town.parts.redis.scan_iter(f"fair:{what}.*"))


def press(phone, button: str = "下一步") -> int:
    form = phone.form_with(button)
    wish = form.fields | {"starts_at": form.offered["starts_at"][0]}
    return phone.client.post((form.action or phone.path).partition("?")[0], data=wish).status_code


@pytest.mark.parametrize("page", [ONE, SEVERAL])
def test_a_page_that_holds_counts_no_try_without_a_database(town, phone, page):
    phone.go(page)
    with no_database(town):
        assert {press(phone) for _ in range(3)} == {503}
    assert tries(town) == 0
    assert press(phone) == 303
    assert tries(town) == 2  # of the browser and of its address


def test_nor_does_the_page_of_moving(town, phone):
    reference = book(town, phone)
    before = tries(town), tries(town, "book")
    phone.go(f"/b/{reference}/move?day={TUESDAY}")
    with no_database(town):
        assert press(phone, "改到这个时间") == 503
    assert (tries(town), tries(town, "book")) == before


def test_nor_does_the_last_button(town, phone):
    hold_first(phone)
    identify(town, phone)
    form = phone.form_with("确认预约").fields | PERSON
    with no_database(town):
        assert phone.client.post("/booking/check", data=form).status_code == 503
    assert tries(town, "book") == 0


def test_whoever_counts_asks_for_the_database_first(town):
    with no_database(town) as nowhere, town.app.test_request_context("/"):
        for count in (
            limits.limit_hold,
            lambda session: limits.limit_booking_try(session, b"a", b"b"),
            lambda session: limits.limit_phone(session, "request.phone", PHONE),
            lambda session: limits.limit_document_appeal(session, PHONE, "passport", "EZ3333333"),
            lambda session: limits.limit_keep(session, PHONE),
        ):
            with pytest.raises(DatabaseDown), nowhere.transaction() as session:
                count(session)
    assert [tries(town, what) for what in ("hold", "book", "request", "appeal")] == [0, 0, 0, 0]
