"""Giving numbers back: they return at a random moment, so that they cannot be handed from hand to hand.

Who waits for one is asked first, before anybody else can see it: in the same transaction.
"""

import secrets
from datetime import datetime

from sqlalchemy import ColumnElement, and_, update
from sqlalchemy.orm import Session

from booking.hall_rules import HallRules
from booking.ladder import returned_at
from booking.models import Number
from booking.surplus import remove_surplus
from booking.waitlist_offers import offer_returned


def give_back(
    session: Session,
    appointment_id: int,
    *,
    rules: HallRules,
    now: datetime,
    fraction: float | None = None,
    except_ids: list[int] | None = None,
    to_waitlist: bool = True,
) -> None:
    """Free an appointment's numbers (but for some); `fraction` in [0, 1) is the moment, else chance.

    Those of a slot that has more numbers than planned do not return (`booking.surplus`).

    `to_waitlist`: not when the hall itself takes the time away; its numbers are to be withdrawn, not offered.
    """
    mine = and_(Number.appointment_id == appointment_id, Number.id.not_in(except_ids or []))
    _give_back(session, mine, rules=rules, now=now, fraction=fraction, to_waitlist=to_waitlist)


def give_back_held(
    session: Session, token: bytes, *, rules: HallRules, now: datetime, fraction: float | None = None
) -> None:
    """The same for numbers that are held under a token (hash) and that nobody has taken since."""
    mine = and_(Number.hold_token == token, Number.appointment_id.is_(None))
    _give_back(session, mine, rules=rules, now=now, fraction=fraction, to_waitlist=True)


def _give_back(
    session: Session,
    which: ColumnElement[bool],
    *,
    rules: HallRules,
    now: datetime,
    fraction: float | None,
    to_waitlist: bool,
) -> None:
    chance = secrets.SystemRandom().random() if fraction is None else fraction
    returns_at = returned_at(now, fraction=chance, within=rules.policy.return_window)
    rows = session.execute(
        update(Number)
        .where(which)
        .values(
            appointment_id=None,
            held_until=None,
            hold_token=None,
            released_at=returns_at,
        )
        .returning(Number.id, Number.group_id, Number.hall_id)
    ).all()
    if not rows:
        return
    gone = remove_surplus(session, rows[0].hall_id, [row.id for row in rows], now=now)
    left = [row for row in rows if row.id not in gone]
    if to_waitlist and left:
        ids = [row.id for row in left]
        for group_id in sorted({row.group_id for row in left}):
            offer_returned(session, group_id, ids, rules=rules, now=now, fraction=chance)
