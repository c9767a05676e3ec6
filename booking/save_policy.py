"""A hall's own rules, of booking and of one-time codes: checked, versioned, audited."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from booking.policy import DEFAULT_POLICY, BookingPolicy
from halls.models import Hall
from halls.own_rules import lock_rules, save_part
from kernel.actor import Actor
from people.code_budget import CodeBudget


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

    What concerns numbers takes effect when days are published next.

    Raises:
        BookingPolicyInvalid, RulesMovedOn
    """
    lock_rules(session, hall, version=version)
    defaults = DEFAULT_POLICY.as_mapping()
    whole = BookingPolicy.from_mapping(values).as_mapping()
    chosen = {name: value for name, value in whole.items() if value != defaults[name]}
    return save_part(session, hall, "booking", chosen, actor=actor, now=now)


def save_code_budget(
    session: Session, hall: Hall, values: Mapping[str, object], *, actor: Actor, now: datetime
) -> bool:
    """Write how many one-time codes the hall pays for in an hour and a day; whether anything differs.

    Raises:
        CodeBudgetInvalid
    """
    budget, usual = CodeBudget.from_mapping(values), CodeBudget()
    lock_rules(session, hall)
    whole = {"per_hour": budget.per_hour, "per_day": budget.per_day}
    chosen = {name: value for name, value in whole.items() if value != getattr(usual, name)}
    return save_part(session, hall, "phone_codes", chosen, actor=actor, now=now)
