"""What a hall sets for itself, part by part (`hall.policy`): saved with version, audit, nudge and history.

Each part is read and checked where its rules live; here it is data.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.events import HallSaved
from halls.models import Hall
from kernel import audit, history, outbox
from kernel.actor import SYSTEM, Actor
from kernel.errors import Conflict

#: Part of `hall.policy` → kind of its history, whose key is the hall's code.
KINDS: Mapping[str, str] = {
    "booking": "booking_policy",
    "queue": "queue_policy",
    "phone_codes": "code_budget",
    "screens": "screen_rules",
}


class RulesMovedOn(Conflict):
    """Somebody else saved the rules meanwhile."""

    code = "rules_moved_on"
    zh = "您修改期间规则已被他人保存过，请重新打开后再改。"
    en = "Somebody else saved the rules meanwhile. Please open them again and repeat your change."


def lock_rules(session: Session, hall: Hall, *, version: int | None = None) -> None:
    """Lock the hall and read it anew; `version` is the one that the editor saw, None: whatever it is.

    Raises:
        RulesMovedOn
    """
    session.scalar(select(Hall.id).where(Hall.id == hall.id).with_for_update())
    session.refresh(hall)
    if version is not None and hall.policy_version != version:
        raise RulesMovedOn


def save_part(
    session: Session,
    hall: Hall,
    part: str,
    chosen: Mapping[str, Any],
    *,
    actor: Actor,
    now: datetime,
    action: str = "policy.save",
) -> bool:
    """Write one part of the rules of a locked hall; whether anything differs.

    `chosen` is only what the hall wants otherwise than usual, so that a better default reaches every hall
    that never chose otherwise.
    """
    before, chosen = hall.policy.get(part, {}), dict(chosen)
    if chosen == before:
        return False
    hall.policy = {**hall.policy, part: chosen}
    hall.policy_version += 1
    changed = sorted(name for name in {*chosen, *before} if chosen.get(name) != before.get(name))
    rules = changed if part in ("booking", "queue") else [part]
    audit.record(
        session, action, actor=actor, now=now, subject=("hall", hall.id), hall_id=hall.id, rules=rules
    )
    outbox.emit(session, HallSaved(hall.id), now=now)
    keep(session, hall, {part: before}, actor=actor, now=now)
    session.flush()
    return True


def keep(session: Session, hall: Hall, before: Mapping[str, Any], *, actor: Actor, now: datetime) -> None:
    """Keep every part that differs from `before`; what was there before the first change, too.

    The caller holds the lock on the hall.
    """
    for part, kind in KINDS.items():
        old, new = before.get(part, {}), hall.policy.get(part, {})
        if part not in before or old == new:
            continue
        if history.find_newest(session, kind, hall.code) is None:
            history.keep(session, (kind, hall.code), old, actor=SYSTEM, now=now)
        history.keep(session, (kind, hall.code), new, actor=actor, now=now)
