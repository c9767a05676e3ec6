"""Proof of work at release peaks and of nameless callers: signed challenges, tickets for who cannot work.

A challenge is bound to device, line and minute by our mark; a proof and a ticket are good for one hold, which
may take numbers of several lines: each of them is counted and asked.
Who runs no scripts waits 20 to 40 seconds instead, which is fair and costs a robot more than it gains.
"""

import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from flask import request
from sqlalchemy.orm import Session

from booking.hall_rules import HallRules
from booking.ladder import Release, releases_of
from booking.peak import (
    BITS,
    STORM_SECONDS,
    WINDOW_SECONDS,
    holds_before_a_storm,
    is_solved,
    nameless_holds,
    needs_proof,
)
from halls.workdays import Calendar
from kernel import clock
from kernel.crypto import CannotDecrypt, cipher
from kernel.direct import Direct
from kernel.errors import DomainError, Unproven
from kernel.kept import Kept
from kernel.limits import Rule
from web import edge
from web.device import address, announced_device, device, device_to_be, is_nameless
from web.limits import fair, limit_hold

HEADER = "Youhao-Proof"
FIELD, TICKET_FIELD = "proof", "ticket"
VALID_MINUTES = 10
WAIT_SECONDS = (20, 40)
_TICKET_SECONDS = 300
_RULES_KEPT_SECONDS = 30.0


class ProofRequired(Unproven):
    """Many want these numbers at this moment; `challenge` and `bits` are the puzzle, see docs/fairness.md."""

    code = "proof_required"
    zh = "现在占号的人比较多。请完成一次自动验证（SHA-256，见接口文档）后再提交。"
    en = (
        "Many numbers are being held at this moment. Solve the challenge (SHA-256, see the "
        "documentation) and send the request again."
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its hall's rules."""

    group_id: int
    rules: HallRules
    calendar: Calendar

    def releases_for(self, starts_at: datetime) -> list[Release]:
        """When the numbers of the date of this slot are released."""
        on, rules = self.rules.date_of(starts_at), self.rules
        return releases_of(on, calendar=self.calendar, tz=rules.tz, ladder=rules.policy.ladder)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a browser without scripts wanted to send, kept until it may. Times are seconds since 1970."""

    owner: str
    to: str
    fields: Mapping[str, str]
    ready_at: float = 0.0
    nonce: str = ""

    @property
    def seconds_left(self) -> int:
        """How long it still has to wait."""
        return max(0, round(self.ready_at - _real_seconds()))


def admit_hold(
    database: Session | Direct,
    hall_code: str,
    service_codes: Sequence[str],
    starts_at: datetime,
    *,
    press: str | None = None,
) -> None:
    """Ask everything that comes before a hold: limits, and at a peak of any of its lines the proof.

    `database`: what the hold will be made with. Nothing is counted before it is there. `press`: what is the
    same each time this very request is sent, where its first answer is given again: its proof is good again,
    since the one before it came to nothing.

    Raises:
        LimitReached, ProofRequired
    """
    limit_hold(database)
    lines = _lines(database, hall_code, service_codes)
    # Of others the hold itself says what is wrong.
    soon = [line for line in lines if _is_soon(line, starts_at)]
    asking = [line for line in soon if _is_peak(line, starts_at)]  # each line counts this hold
    if not asking and (not is_nameless() or _has_room_for_nameless(soon)):
        return
    text = request.headers.get(HEADER) or request.form.get(FIELD, "")
    # Of any line of the visit: another of them may have come to its peak since the challenge.
    if any(_is_proof(text, line.group_id, press) for line in lines) or _is_ticket(
        request.form.get(TICKET_FIELD, "")
    ):
        return
    raise ProofRequired(challenge=_challenge((asking or soon)[0].group_id), bits=BITS, algorithm="SHA-256")


def _lines(database: Session | Direct, hall_code: str, service_codes: Sequence[str]) -> list[Line]:
    """The lines of a visit in order, each once."""
    found = (_line_rules(database, hall_code, code) for code in dict.fromkeys(service_codes))
    return list({line.group_id: line for line in found if line is not None}.values())


def _is_soon(line: Line, starts_at: datetime) -> bool:
    return timedelta(0) < starts_at - edge.now() <= line.rules.policy.horizon + timedelta(days=1)


def _has_room_for_nameless(lines: Sequence[Line]) -> bool:
    """Count a hold that came without a cookie of ours; False once a line has enough of them.

    What a program calls itself does not help here: it costs nothing to make up another name.
    """
    allowed = ((line.group_id, nameless_holds(line.rules.policy)) for line in lines)
    return fair().has_room([(f"nameless:{group_id}", Rule(*most)) for group_id, most in allowed if most])


def _is_peak(line: Line, starts_at: datetime) -> bool:
    policy = line.rules.policy
    most = holds_before_a_storm(policy)
    storm = most is not None and fair().note(
        f"line:{line.group_id}", window=WINDOW_SECONDS, most=most, stays=STORM_SECONDS
    )
    return needs_proof(line.releases_for(starts_at), storm=storm, now=edge.now(), policy=policy)


def _line_rules(database: Session | Direct, hall_code: str, service_code: str) -> Line | None:
    """Kept by each process for half a minute: a peak must not cost a statement a hold.

    What is read here is what the hold itself asks a moment later (`booking.recent`).
    """
    kept: Kept[tuple[str, str], Line | None] = edge.of_parts("lines", lambda: Kept(_RULES_KEPT_SECONDS))
    return kept.get((hall_code, service_code), lambda: _read_line(database, hall_code, service_code))


def _read_line(database: Session | Direct, hall_code: str, service_code: str) -> Line | None:
    recent = edge.recent()
    try:
        if isinstance(database, Direct):
            offer = recent.offer_at_once(database, hall_code, (service_code,))
        else:
            offer = recent.offer(database, hall_code, (service_code,), answers={})
    except DomainError:
        return None  # the hold itself says what is wrong
    return Line(offer.group_id, offer.rules, offer.calendar)


def _owner() -> str:
    """Whom a challenge is for: the browser, what a program calls itself, or where it comes from."""
    if request.path.startswith("/api/"):
        return announced_device() or device() or address()
    return device_to_be()


def _real_seconds() -> float:
    return clock.real_now().timestamp()


def _challenge(line: int) -> str:
    text = f"{int(_real_seconds() // 60)}.{BITS}.{secrets.token_urlsafe(8)}"
    return f"{text}.{_mark(text, line)}"


def _mark(text: str, line: int) -> str:
    mark = cipher().blind_index(f"{text}|{line}|{_owner()}", "proof.challenge")
    return base64.urlsafe_b64encode(mark).decode().rstrip("=")


def _is_proof(proof: str, line: int, press: str | None) -> bool:
    """Ours, for this device and line, not too old, solved, and not used before, except by the same press."""
    challenge, _colon, answer = proof.partition(":")
    text, _dot, mark = challenge.rpartition(".")
    minute = text.partition(".")[0]
    if not (minute.isascii() and minute.isdecimal() and len(minute) < 12):  # noqa: PLR2004 - enough for ever
        return False
    age = _real_seconds() // 60 - int(minute)
    return (
        0 <= age <= VALID_MINUTES
        and hmac.compare_digest(mark.encode(), _mark(text, line).encode())
        and is_solved(challenge, answer)
        and fair().use_once(f"proof:{mark}", seconds=(VALID_MINUTES + 2) * 60, by=press)
    )


def wanted_fields() -> dict[str, str]:
    """What the form of this request said, without what is only good for one sending."""
    once = {FIELD, TICKET_FIELD, "csrf_token", "press"}
    return {name: text for name, text in request.form.items() if name not in once}


def wish_of_request() -> str:
    """What this request wanted, sealed, for the page that waits."""
    return _seal(Waiting(_owner(), request.path, wanted_fields()))


def begin_waiting(wish: str) -> str | None:
    """A ticket for a wish of this device; None when it is not ours or another's."""
    found = read_waiting(wish)
    if found is None or found.ready_at:
        return None
    fair().take([("wait.device", cipher().blind_index(_owner(), "limit.wait").hex())])
    low, high = WAIT_SECONDS
    ready_at = _real_seconds() + low + secrets.randbelow(high - low + 1)
    return _seal(replace(found, ready_at=ready_at, nonce=secrets.token_urlsafe(8)))


def read_waiting(ticket: str) -> Waiting | None:
    """What a ticket of this device says; None when it is not one."""
    try:
        text = cipher().decrypt(base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4)), "wait.ticket")
    except (CannotDecrypt, binascii.Error, ValueError):
        return None
    found = Waiting(**json.loads(text))
    return found if found.owner == _owner() else None


def _seal(waiting: Waiting) -> str:
    text = json.dumps(asdict(waiting), ensure_ascii=False)
    return base64.urlsafe_b64encode(cipher().encrypt(text, "wait.ticket")).decode().rstrip("=")


def _is_ticket(ticket: str) -> bool:
    """Waited for by this device, for what it sends now, not too long ago, and not used before."""
    found = read_waiting(ticket) if ticket else None
    if found is None or not found.ready_at:
        return False
    late = _real_seconds() - found.ready_at
    same = found.to == request.path and all(
        request.form.get(name) == text for name, text in found.fields.items()
    )
    return same and 0 <= late <= _TICKET_SECONDS and fair().use_once(f"ticket:{found.nonce}", seconds=600)
