"""A hall's own rules, of booking and of one-time codes: checked, versioned, audited."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.policy import DEFAULT_POLICY, BookingPolicy
from halls.events import HallSaved
from halls.models import Hall
from kernel import audit, history, outbox
from kernel.actor import Actor
from kernel.errors import Conflict
from people.code_budget import CodeBudget

KIND = "booking_policy"


class RulesMovedOn(Conflict):
    """Somebody else saved the rules meanwhile."""

    code = "rules_moved_on"
    zh = "您修改期间规则已被他人保存过，请重新打开后再改。"
    en = "Somebody else saved the rules meanwhile. Please open them again and repeat your change."


def save_policy(
    session: Session,
    hall: Hall,
    values: Mapping[str, object],
    *,
    version: int,
    actor: Actor,
    now: datetime,
) -> bool:
    """Write the rules; whether anything differs. `version` is the one that the editor saw.

    Only what differs from the defaults is stored, so that a better default reaches every hall that never
    chose otherwise. What concerns numbers takes effect when days are published next.

    Raises:
        BookingPolicyInvalid, RulesMovedOn
    """
    session.scalar(select(Hall.id).where(Hall.id == hall.id).with_for_update())
    session.refresh(hall)
    if hall.policy_version != version:
        raise RulesMovedOn
    defaults = DEFAULT_POLICY.as_mapping()
    whole = BookingPolicy.from_mapping(values).as_mapping()
    chosen = {name: value for name, value in whole.items() if value != defaults[name]}
    before = hall.policy.get("booking", {})
    if chosen == before:
        return False
    hall.policy = {**hall.policy, "booking": chosen}
    hall.policy_version += 1
    changed = sorted(
        name for name in {*chosen, *before} if chosen.get(name, defaults[name]) != before.get(name)
    )
    audit.record(
        session,
        "policy.save",
        actor=actor,
        now=now,
        subject=("hall", hall.id),
        hall_id=hall.id,
        rules=changed,
    )
    outbox.emit(session, HallSaved(hall.id), now=now)
    history.keep(session, (KIND, hall.code), chosen, actor=actor, now=now)
    session.flush()
    return True


def save_code_budget(
    session: Session, hall: Hall, values: Mapping[str, object], *, actor: Actor, now: datetime
) -> bool:
    """Write how many one-time codes the hall pays for in an hour and a day; whether anything differs.

    Raises:
        CodeBudgetInvalid
    """
    budget, usual = CodeBudget.from_mapping(values), CodeBudget()
    session.scalar(select(Hall.id).where(Hall.id == hall.id).with_for_update())
    session.refresh(hall)
    whole = {"per_hour": budget.per_hour, "per_day": budget.per_day}
    chosen = {name: value for name, value in whole.items() if value != getattr(usual, name)}
    if chosen == hall.policy.get("phone_codes", {}):
        return False
    hall.policy = {**hall.policy, "phone_codes": chosen}
    hall.policy_version += 1
    audit.record(
        session,
        "policy.save",
        actor=actor,
        now=now,
        subject=("hall", hall.id),
        hall_id=hall.id,
        rules=["phone_codes"],
    )
    outbox.emit(session, HallSaved(hall.id), now=now)
    session.flush()
    return True
