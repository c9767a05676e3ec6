"""Show that a phone is yours: a one-time code by SMS, and a token that proves it."""

from collections.abc import Mapping
from typing import Any

from halls.queries import HallUnknown, get_hall
from kernel.errors import TooMany
from kernel.limits import LimitReached
from kernel.phone import PhoneMalformed, normalise
from people import phone_token
from people.code_budget import PhoneCodeBudgetSpent
from people.phone_codes import (
    PhoneCodeExhausted,
    PhoneCodeExpired,
    PhoneCodeWrong,
    TooManyPhoneCodes,
    raise_unless_ok,
    request_code,
    verify_code,
)
from web import edge
from web.api.blueprint import Blueprint, refuses
from web.api.schemas import booking as shapes
from web.code_payer import payer_of
from web.guards import public
from web.limits import is_demonstration, limit_code, limit_tries

blueprint = Blueprint("phone-codes", __name__, description="Verify a phone. 手机号验证")

# Of each program; the limit per phone is the use case's.
TRIES = "120/minute"


@blueprint.post("/phone-codes")
@public
@refuses(PhoneMalformed, HallUnknown, TooManyPhoneCodes, PhoneCodeBudgetSpent, LimitReached)
@blueprint.arguments(shapes.PhoneCodeRequestSchema())
@blueprint.response(202, shapes.PhoneCodeSentSchema())
def request_phone_code(body: Mapping[str, str]) -> dict[str, Any]:
    """Send a one-time code to a phone: one a minute, five an hour, ten a day.

    发送短信验证码：每个号码每分钟 1 条、每小时 5 条、每天 10 条。
    """
    phone = normalise(body["phone"])
    limit_code()
    language = body.get("language", edge.language())
    with edge.transaction() as session:
        hall = get_hall(session, body["hall"]) if "hall" in body else None
        payer = payer_of(session, hall)
        code = request_code(session, phone, language=language, now=edge.now(), payer=payer)
    return {"expires_at": code.expires_at}


@blueprint.post("/phone-codes/verify")
@public
@limit_tries(TRIES, exempt_when=is_demonstration)
@refuses(PhoneMalformed, PhoneCodeWrong, PhoneCodeExpired, PhoneCodeExhausted, TooMany)
@blueprint.arguments(shapes.PhoneCodeCheckSchema())
@blueprint.response(200, shapes.PhoneTokenSchema())
def verify_phone_code(body: Mapping[str, str]) -> dict[str, Any]:
    """Change a code into a phone token, good for half an hour.

    用验证码换取手机凭证（phone_token），半小时内有效。
    """
    phone, now = normalise(body["phone"]), edge.now()
    with edge.transaction() as session:
        outcome = verify_code(session, phone, body["code"], now=now)
    raise_unless_ok(outcome)  # after the commit: a wrong try counts
    return {
        "phone_token": phone_token.seal(phone, now=now), "expires_at": now + phone_token.VALID_FOR
    }  # fmt: skip
