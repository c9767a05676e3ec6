"""Editing halls: what an administrator's page, the API and the loading of a city all do."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from halls.models import Closure, Hall
from halls.plan_file import CalendarRow, HallFile
from kernel.actor import Actor


def save_hall(
    session: Session,
    plan: HallFile,
    *,
    actor: Actor,
    now: datetime,
    time_zone: str | None = None,
    policy: Mapping[str, Any] | None = None,
) -> Hall:
    """Write a hall with its lines, counters, skills and plan, whole: found by code, made if new.

    The same plan twice changes nothing. Counters that are gone go out of use; a line that is gone but was
    used stays without a plan. `time_zone` and `policy` (`{"booking": {...}, "queue": {...}}`) stay as they
    are unless given.

    Raises:
        HallPlanImpossible: counters' skills cannot cover the plan.
    """
    raise NotImplementedError


def add_closure(
    session: Session,
    hall: Hall,
    *,
    group_id: int | None,
    starts_at: datetime,
    ends_at: datetime,
    reason_zh: str,
    reason_en: str = "",
    actor: Actor,
    now: datetime,
) -> Closure:
    """Say that the hall (or one line) does not serve in [starts_at, ends_at).

    Raises:
        ClosureBackwards
    """
    raise NotImplementedError


def save_calendar(session: Session, rows: tuple[CalendarRow, ...], *, actor: Actor, now: datetime) -> int:
    """Write the city's own working and resting days over what is there; how many changed."""
    raise NotImplementedError
