"""A hall's settings of its call screens: read, and saved with their version, audit and a nudge."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.models import Counter, Hall, ServiceGroup
from halls.own_rules import lock_rules, save_part
from halls.queries import policy
from halls.screens import ScreenPolicy, ScreenPolicyInvalid
from kernel.actor import Actor
from kernel.errors import Invalid


class ScreenSettingsInvalid(Invalid):
    """A setting of the screens is wrong; `name` and `problem` say which and why."""

    code = "screen_settings_invalid"
    zh = "叫号屏的设置有误（{name}）：{problem}。"
    en = "A setting of the screens is wrong ({name}): {problem}."


def screens_of(hall: Hall) -> ScreenPolicy:
    """The settings in force; what was stored was checked."""
    return ScreenPolicy.from_mapping(policy(hall, "screens"))


def check_screens(values: Mapping[str, object]) -> ScreenPolicy:
    """The settings that these values are.

    Raises:
        ScreenSettingsInvalid
    """
    try:
        return ScreenPolicy.from_mapping(values)
    except ScreenPolicyInvalid as error:
        raise ScreenSettingsInvalid(name=error.name, problem=error.problem) from error


def save_screens(
    session: Session, hall: Hall, values: Mapping[str, object], *, version: int, actor: Actor, now: datetime
) -> None:
    """Write the settings; `version` is the one that the editor saw. Screens follow at once.

    Raises:
        ScreenSettingsInvalid, RulesMovedOn
    """
    lock_rules(session, hall, version=version)
    fresh = check_screens(values)
    _refuse_unknown(session, hall, fresh)
    if fresh != screens_of(hall):
        save_part(session, hall, "screens", fresh.as_mapping(), actor=actor, now=now, action="screens.save")


def _refuse_unknown(session: Session, hall: Hall, screens: ScreenPolicy) -> None:
    groups = set(session.scalars(select(ServiceGroup.code).where(ServiceGroup.hall_id == hall.id)))
    numbers = set(session.scalars(select(Counter.number).where(Counter.hall_id == hall.id)))
    for zone in screens.zones:
        unknown = [*(set(zone.groups) - groups), *map(str, set(zone.counters) - numbers)]
        if unknown:
            raise ScreenSettingsInvalid(name=zone.code, problem=", ".join(sorted(unknown)))
