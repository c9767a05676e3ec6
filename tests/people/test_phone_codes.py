from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from kernel.errors import DomainError
from kernel.outbox import OutboxEvent
from people import phone_token
from people.models import PhoneCode
from people.phone_codes import (
    CodeCheck,
    PhoneCodeExhausted,
    PhoneCodeExpired,
    PhoneCodeWrong,
    TooManyPhoneCodes,
    code_of,
    phone_of_code,
    raise_unless_ok,
    request_code,
    verify_code,
)
from people.phone_token import PhoneNotVerified

PHONE = "+8613800138000"


def ask(session, now, phone=PHONE):
    return request_code(session, phone, language="zh", now=now)


def wrong(code):
    return str((int(code) + 1) % 10**6).zfill(6)


def test_the_right_code_works_once(session, now):
    code = ask(session, now)
    digits = code_of(code)
    assert len(digits) == 6
    assert verify_code(session, PHONE, f" {digits} ", now=now) is CodeCheck.OK
    assert verify_code(session, PHONE, digits, now=now) is CodeCheck.EXPIRED


def test_code_and_phone_are_stored_nowhere_readable(session, now):
    code = ask(session, now)
    told = session.scalars(select(OutboxEvent)).one()
    assert told.payload == {"code_id": code.id, "language": "zh", "topics": []}
    for secret in (code_of(code), PHONE):
        assert secret not in str(told.payload)
        assert secret not in code.seed
        assert secret.encode() not in code.phone_sealed
    assert phone_of_code(code) == PHONE


def test_a_code_is_valid_for_five_minutes(session, now):
    digits = code_of(ask(session, now))
    assert verify_code(session, PHONE, digits, now=now + timedelta(minutes=5)) is CodeCheck.EXPIRED
    assert verify_code(session, PHONE, digits, now=now + timedelta(minutes=4, seconds=59)) is CodeCheck.OK


def test_after_five_wrong_tries_even_the_right_code_is_refused(session, now):
    digits = code_of(ask(session, now))
    for _ in range(5):
        assert verify_code(session, PHONE, wrong(digits), now=now) is CodeCheck.WRONG
    assert verify_code(session, PHONE, digits, now=now) is CodeCheck.EXHAUSTED


def test_codes_are_those_of_one_phone_and_the_newest_counts(session, now):
    first = code_of(ask(session, now))
    ask(session, now, "+8613900139000")
    second = code_of(ask(session, now + timedelta(minutes=1)))
    assert verify_code(session, "+8613700137000", first, now=now) is CodeCheck.EXPIRED
    assert verify_code(session, PHONE, first, now=now + timedelta(minutes=1)) is CodeCheck.WRONG
    assert verify_code(session, PHONE, second, now=now + timedelta(minutes=1)) is CodeCheck.OK


def test_one_code_a_minute_five_an_hour_ten_a_day(session, now):
    ask(session, now)
    with pytest.raises(TooManyPhoneCodes) as refused:
        ask(session, now + timedelta(seconds=20))
    assert refused.value.params["wait_seconds"] == 40
    for minute in range(1, 5):
        ask(session, now + timedelta(minutes=minute))
    with pytest.raises(TooManyPhoneCodes) as refused:
        ask(session, now + timedelta(minutes=10))
    assert refused.value.params["wait_seconds"] == 50 * 60
    for minute in range(5):
        ask(session, now + timedelta(hours=2, minutes=minute))
    with pytest.raises(TooManyPhoneCodes):
        ask(session, now + timedelta(hours=12))
    assert ask(session, now + timedelta(hours=24))
    assert ask(session, now, "+8613900139000")


def test_codes_asked_for_at_once_are_limited_too(database, now):
    def ask_once(_n):
        try:
            with database.transaction() as session:
                ask(session, now)
        except DomainError:
            return 0
        return 1

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(ask_once, range(10))) == 1
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(PhoneCode)) == 1


def test_each_refusal_has_its_own_sentence():
    raise_unless_ok(CodeCheck.OK)
    for check, error in (
        (CodeCheck.WRONG, PhoneCodeWrong),
        (CodeCheck.EXPIRED, PhoneCodeExpired),
        (CodeCheck.EXHAUSTED, PhoneCodeExhausted),
    ):
        with pytest.raises(error):
            raise_unless_ok(check)


def test_a_verified_phone_is_remembered_for_half_an_hour_unreadably(now):
    token = phone_token.seal(PHONE, now=now)
    assert PHONE[1:] not in token
    assert phone_token.open(token, now=now + timedelta(minutes=29)) == PHONE
    for bad in ("", "x", token[:-4] + "AAAA", token * 3, "汉字"):
        with pytest.raises(PhoneNotVerified):
            phone_token.open(bad, now=now)
    with pytest.raises(PhoneNotVerified):
        phone_token.open(token, now=now + timedelta(minutes=30))
