"""One-time codes that show that a phone is yours. The code is derived from a seed and stored nowhere.

A code is checked in three steps, so that a wrong try is counted even though the request fails:
`verify_code` counts and answers, the edge commits, then it calls `raise_unless_ok`.
"""

import hmac
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import outbox
from kernel.crypto import cipher
from kernel.db import lock_hashed
from kernel.errors import Invalid, TooMany
from kernel.ids import new_reference
from people.code_budget import Payer, take
from people.events import PhoneCodeRequested
from people.models import PhoneCode

DIGITS = 6
VALID_FOR = timedelta(minutes=5)
MOST_TRIES = 5
LIMITS = ((timedelta(minutes=1), 1), (timedelta(hours=1), 5), (timedelta(days=1), 10))


class TooManyPhoneCodes(TooMany):
    """A phone gets one code a minute, five an hour, ten a day."""

    code = "too_many_phone_codes"
    zh = "验证码获取过于频繁，请在 {wait_seconds} 秒后再试。"
    en = "Too many codes were asked for. Please try again in {wait_seconds} seconds."


class PhoneCodeWrong(Invalid):
    """These are not the six digits of the newest code."""

    code = "phone_code_wrong"
    zh = "验证码不正确，请核对最新一条短信中的 6 位数字。"
    en = "This is not the code. Please check the six digits in the newest message."


class PhoneCodeExpired(Invalid):
    """No code that is still valid: five minutes are over, it was used, or none was asked for."""

    code = "phone_code_expired"
    zh = "验证码已失效，请重新获取。"
    en = "The code is no longer valid. Please ask for a new one."


class PhoneCodeExhausted(TooMany):
    """Five wrong tries."""

    code = "phone_code_exhausted"
    zh = "验证码输错次数过多，请重新获取。"
    en = "Too many wrong tries. Please ask for a new code."


class CodeCheck(StrEnum):
    """The outcome of one try."""

    OK = "ok"
    WRONG = "wrong"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"


def request_code(
    session: Session, phone: str, *, language: str, now: datetime, payer: Payer | None = None
) -> PhoneCode:
    """Make a code for `phone` (E.164) and have it sent; `payer` is whose budget it is taken from.

    Raises:
        TooManyPhoneCodes: `wait_seconds` says how long until the next may be asked for.
        PhoneCodeBudgetSpent
    """
    index = cipher().blind_index(phone, "phone")
    lock_hashed(session, index)  # requests for one phone go one after another, so that the limits hold
    _check_limits(session, index, now=now)
    if payer is not None:
        take(session, payer, now=now)
    code = PhoneCode(
        phone_index=index,
        phone_sealed=cipher().encrypt(phone, "phone_code.phone"),
        seed=new_reference(),
        created_at=now,
        expires_at=now + VALID_FOR,
        hall_id=payer.hall_id if payer is not None else None,
    )
    session.add(code)
    session.flush()
    outbox.emit(session, PhoneCodeRequested(code.id, language), now=now)
    return code


def code_of(phone_code: PhoneCode) -> str:
    """The six digits, derived again whenever they are needed."""
    return cipher().derive_digits(phone_code.seed, "phone_code", DIGITS)


def phone_of_code(phone_code: PhoneCode) -> str:
    """The phone (E.164) that the code goes to."""
    return cipher().decrypt(phone_code.phone_sealed, "phone_code.phone")


def verify_code(session: Session, phone: str, code: str, *, now: datetime) -> CodeCheck:
    """One try at the newest code of `phone`. The caller commits, whatever the outcome."""
    newest = session.scalar(
        select(PhoneCode)
        .where(PhoneCode.phone_index == cipher().blind_index(phone, "phone"))
        .order_by(PhoneCode.created_at.desc(), PhoneCode.id.desc())
        .limit(1)
        .with_for_update()
    )
    if newest is None or newest.used_at is not None or newest.expires_at <= now:
        return CodeCheck.EXPIRED
    if newest.tries >= MOST_TRIES:
        return CodeCheck.EXHAUSTED
    newest.tries += 1
    if not hmac.compare_digest(code_of(newest).encode(), code.strip().encode()):
        return CodeCheck.WRONG
    newest.used_at = now
    return CodeCheck.OK


_REFUSALS = {
    CodeCheck.WRONG: PhoneCodeWrong,
    CodeCheck.EXPIRED: PhoneCodeExpired,
    CodeCheck.EXHAUSTED: PhoneCodeExhausted,
}


def raise_unless_ok(check: CodeCheck) -> None:
    """Turn a refused try into its error; call it after the commit.

    Raises:
        PhoneCodeWrong, PhoneCodeExpired, PhoneCodeExhausted
    """
    if check in _REFUSALS:
        raise _REFUSALS[check]


def _check_limits(session: Session, index: bytes, *, now: datetime) -> None:
    longest = max(span for span, _ in LIMITS)
    asked = session.scalars(
        select(PhoneCode.created_at)
        .where(PhoneCode.phone_index == index, PhoneCode.created_at > now - longest)
        .order_by(PhoneCode.created_at.desc())
    ).all()
    for span, most in LIMITS:
        recent = [at for at in asked if at > now - span]
        if len(recent) >= most:
            wait = recent[most - 1] + span - now
            raise TooManyPhoneCodes(wait_seconds=max(1, round(wait.total_seconds())))
