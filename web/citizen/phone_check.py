"""Show that a phone is yours, by one-time code: used when booking and before "my bookings"."""

from flask_babel import gettext as _

from halls.models import Hall
from kernel.errors import DomainError
from kernel.phone import normalise
from people.phone_codes import raise_unless_ok, request_code, verify_code
from web import edge
from web.code_payer import payer_of
from web.guards import remember_citizen_phone
from web.known_browser import remember_browser
from web.limits import limit_code

# Of each browser, beside the limits of each phone.
TRIES = "60/minute"


def send_code(phone: str, hall: Hall | None = None) -> str:
    """Have a code sent to a phone as typed; the phone in E.164. A hall that it concerns pays for it.

    Raises:
        PhoneMalformed, LimitReached, TooManyPhoneCodes, PhoneCodeBudgetSpent
    """
    number = normalise(phone)
    limit_code()
    with edge.transaction() as session:
        payer = payer_of(session, hall)
        request_code(session, number, language=edge.language(), now=edge.now(), payer=payer)
    return number


def no_code(phone: str) -> dict[str, str]:
    """What is missing where no code was typed: the code, and the phone too when none can get one."""
    missing = {"code": _("请填写短信里的 6 位验证码。")}
    try:
        normalise(phone)
    except DomainError as error:
        wrong = error.sentence(edge.language()) if phone.strip() else _("请填写手机号。")
        return {"phone": wrong, **missing}
    return missing


def try_code(phone: str, code: str, *, keep: bool = False) -> dict[str, str]:
    """One try: remembers the phone when the code is right, else says what is wrong per field.

    With `keep` this browser needs no code for 90 days: its owner said that the phone is theirs.

    The try is committed before its outcome is told, so wrong ones count.
    """
    try:
        number = normalise(phone)
    except DomainError as error:
        return {"phone": error.sentence(edge.language())}
    try:
        with edge.transaction() as session:
            outcome = verify_code(session, number, code, now=edge.now())
        raise_unless_ok(outcome)
    except DomainError as error:
        return {"code": error.sentence(edge.language())}
    remember_citizen_phone(number)
    if keep:
        remember_browser(number)
    return {}
