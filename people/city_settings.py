"""What the whole city sets about personal data and one-time codes: saved together, with its history."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel import history
from kernel.actor import SYSTEM, Actor
from people import retention
from people.code_budget import city_payer, set_city_budget

KIND, KEY = "city_settings", "city"
BUDGET = ("per_hour", "per_day")
_LOCK = 0x43697479  # "City": one editor at a time, since settings that were never changed have no row


def city_settings(session: Session) -> dict[str, object]:
    """The spans of days (`people.retention`) and the city's budget of codes, by name."""
    return asdict(retention.retention(session)) | asdict(city_payer(session).budget)


def save_city_settings(
    session: Session, values: Mapping[str, object], *, actor: Actor, now: datetime
) -> bool:
    """Change all of them, or none; whether any is another than before. The history begins with the first.

    Raises:
        RetentionInvalid, CodeBudgetInvalid
    """
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    before = city_settings(session)
    spans = {name: values[name] for name in retention.NAMES}
    budget = {name: values[name] for name in BUDGET}
    if any(spans[name] != before[name] for name in spans):
        retention.set_retention(session, spans, actor=actor, now=now)
    if any(budget[name] != before[name] for name in budget):
        set_city_budget(session, budget, actor=actor, now=now)
    after = city_settings(session)
    if after == before:
        return False
    if history.find_newest(session, KIND, KEY) is None:
        history.keep(session, (KIND, KEY), before, actor=SYSTEM, now=now)
    history.keep(session, (KIND, KEY), after, actor=actor, now=now)
    return True
