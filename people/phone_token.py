"""Proof that a phone was verified a moment ago: sealed, so that a cookie or a client can carry it."""

import base64
import binascii
import json
from datetime import datetime, timedelta

from kernel.crypto import CannotDecrypt, cipher
from kernel.errors import Unauthenticated

VALID_FOR = timedelta(minutes=30)
_LONGEST = 400


class PhoneNotVerified(Unauthenticated):
    """No proof, or one that is too old or was tampered with."""

    code = "phone_not_verified"
    zh = "请先用短信验证码验证手机号。"
    en = "Please verify your phone with a code first."


def seal(phone: str, *, now: datetime) -> str:
    """A token that says: this phone (E.164) was verified at `now`."""
    facts = json.dumps({"phone": phone, "until": (now + VALID_FOR).timestamp()})
    return base64.urlsafe_b64encode(cipher().encrypt(facts, "phone_token")).decode().rstrip("=")


def open(token: str, *, now: datetime) -> str:  # noqa: A001  # phone_token.open reads as it should
    """The phone of a token that still holds.

    Raises:
        PhoneNotVerified
    """
    if not token or len(token) > _LONGEST:
        raise PhoneNotVerified
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        facts = json.loads(cipher().decrypt(sealed, "phone_token"))
    except (CannotDecrypt, binascii.Error, ValueError) as error:
        raise PhoneNotVerified from error
    if facts["until"] <= now.timestamp():
        raise PhoneNotVerified
    return str(facts["phone"])
