from datetime import timedelta

from sqlalchemy import select

from kernel.actor import ANONYMOUS
from people.known_browsers import (
    MOST,
    VALID_FOR,
    count_browsers,
    find_phone,
    forget_all,
    forget_this,
    remember,
)
from people.models import KnownBrowser
from tests.conftest import NOW

PHONE = "+8613800138000"
OTHER = "+8613900139000"


def know(session, phone=PHONE, now=NOW):
    return remember(session, phone, actor=ANONYMOUS, now=now)


def test_a_browser_stands_for_its_phone_for_90_days(session):
    token = know(session)
    assert find_phone(session, token, now=NOW + VALID_FOR - timedelta(seconds=1)) == PHONE
    assert find_phone(session, token, now=NOW + VALID_FOR) is None
    for unknown in ("", "x", token + "x", token * 9):
        assert find_phone(session, unknown, now=NOW) is None


def test_neither_token_nor_phone_is_stored_readably(session):
    token = know(session)
    row = session.scalars(select(KnownBrowser)).one()
    assert token.encode() not in row.token_hash
    assert PHONE.encode() not in row.phone_sealed


def test_one_browser_or_all_of_a_phone_can_be_withdrawn(session):
    first, second, foreign = know(session), know(session), know(session, OTHER)
    forget_this(session, first, actor=ANONYMOUS, now=NOW)
    assert find_phone(session, first, now=NOW) is None
    assert find_phone(session, second, now=NOW) == PHONE
    assert forget_all(session, PHONE, actor=ANONYMOUS, now=NOW) == 1
    assert find_phone(session, second, now=NOW) is None
    assert find_phone(session, foreign, now=NOW) == OTHER


def test_more_browsers_than_a_person_has_forget_the_oldest(session):
    tokens = [know(session, now=NOW + timedelta(minutes=minute)) for minute in range(MOST + 1)]
    later = NOW + timedelta(hours=1)
    assert find_phone(session, tokens[0], now=later) is None
    assert all(find_phone(session, token, now=later) for token in tokens[1:])
    assert count_browsers(session, PHONE, now=later) == MOST
