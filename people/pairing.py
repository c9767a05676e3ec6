"""Pairing: a device shows a code, staff type it, and the device is enrolled. No secret is carried by hand.

The device asks at `/pair` and keeps a secret in a cookie; the code is only shown. Typing the code makes that
secret the device's token. A code works for ten minutes and once; whoever types five wrong ones within ten
minutes waits. Times here are real time.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from kernel import audit
from kernel.actor import Actor
from kernel.audit import AuditEntry
from kernel.errors import Invalid, TooMany
from kernel.ids import new_token, token_hash
from people import devices
from people.devices import Place
from people.models import Device, DevicePairing, Staff

DIGITS = 8
VALID_FOR = timedelta(minutes=10)
MOST_TRIES = 5
TRIES_WITHIN = timedelta(minutes=10)
MOST_WAITING = 300
_REFUSED = "device.pair_refused"


class PairingCodeWrong(Invalid):
    """No device shows this code now."""

    code = "pairing_code_wrong"
    zh = "没有设备显示这个配对码。请核对设备屏幕上的 8 位数字；配对码 10 分钟后会换新。"
    en = "No device shows this code. Please check the 8 digits on its screen; codes change after 10 minutes."


class PairingTriesSpent(TooMany):
    """Too many wrong codes typed by one person."""

    code = "pairing_tries_spent"
    zh = "配对码输错次数过多，请 10 分钟后再试。"
    en = "Too many wrong codes. Please try again in 10 minutes."


class PairingsTooMany(TooMany):
    """More devices wait than any city enrols at once."""

    code = "pairings_too_many"
    zh = "正在等待配对的设备太多，请 10 分钟后再试。"
    en = "Too many devices are waiting to be paired. Please try again in 10 minutes."


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the device keeps and what it shows."""

    secret: str
    code: str
    expires_at: datetime


def find_waiting(session: Session, secret: str, *, real_now: datetime) -> Waiting | None:
    """The pairing that the device with this secret waits for, unless it ran out."""
    row = session.scalar(
        select(DevicePairing).where(
            DevicePairing.secret_hash == token_hash(secret), DevicePairing.expires_at > real_now
        )
    )
    return Waiting(secret, row.code, row.expires_at) if row else None


def begin(session: Session, *, real_now: datetime) -> Waiting:
    """A fresh code for a device that nobody knows.

    Raises:
        PairingsTooMany
    """
    session.execute(delete(DevicePairing).where(DevicePairing.expires_at <= real_now))
    used = set(session.scalars(select(DevicePairing.code)))
    if len(used) >= MOST_WAITING:
        raise PairingsTooMany
    code = next(code for code in iter(_new_code, "") if code not in used)
    waiting = Waiting(new_token(), code, real_now + VALID_FOR)
    session.add(
        DevicePairing(
            code=code,
            secret_hash=token_hash(waiting.secret),
            created_at=real_now,
            expires_at=waiting.expires_at,
        )
    )
    return waiting


def claim(
    session: Session, code: str, place: Place, *, actor: Actor, now: datetime, real_now: datetime
) -> Device | None:
    """Enrol the device that shows `code`; None when none does, which is noted.

    The edge commits and then calls `raise_unless_found`, so that a wrong try counts although it fails.

    Raises:
        PairingTriesSpent
    """
    _count_tries(session, actor, real_now)
    digits = "".join(each for each in code if each.isdecimal())
    hashed = session.scalar(
        delete(DevicePairing)
        .where(DevicePairing.code == digits, DevicePairing.expires_at > real_now)
        .returning(DevicePairing.secret_hash)
    )
    if hashed is None:
        audit.record(session, _REFUSED, actor=actor, now=now, subject=("device", None), hall_id=place.hall_id)
        return None
    return devices.add(session, place, hashed, actor=actor, now=now)


def raise_unless_found(device: Device | None) -> Device:
    """The device, or PairingCodeWrong."""
    if device is None:
        raise PairingCodeWrong
    return device


def _count_tries(session: Session, actor: Actor, real_now: datetime) -> None:
    # Tries of one person come one after the other, however many pages they open.
    session.execute(select(Staff.id).where(Staff.id == actor.id).with_for_update())
    wrong = session.scalar(
        select(func.count(AuditEntry.id)).where(
            AuditEntry.action == _REFUSED,
            AuditEntry.actor_id == actor.id,
            AuditEntry.recorded_at > real_now - TRIES_WITHIN,
        )
    )
    if (wrong or 0) >= MOST_TRIES:
        raise PairingTriesSpent


def _new_code() -> str:
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
