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
    """A setting of the screens is wrong; `name` says which, `problem_zh` and `problem_en` why."""

    code = "screen_settings_invalid"
    zh = "叫号屏的设置有误（{label_zh}）：{problem_zh}。"
    en = "A setting of the screens is wrong ({label_en}): {problem_en}."


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
        raise _invalid(error.name, error.labels, zh=error.zh, en=error.en) from error


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
            what = ", ".join(sorted(unknown))
            zh, en = f"没有这样的业务或窗口：{what}", f"there is no such line or counter: {what}"
            raise _invalid(zone.code, (f"区域 {zone.code}", f"zone {zone.code}"), zh=zh, en=en)


def _invalid(name: str, labels: tuple[str, str], *, zh: str, en: str) -> ScreenSettingsInvalid:
    label_zh, label_en = labels
    return ScreenSettingsInvalid(
        name=name, label_zh=label_zh, label_en=label_en, problem_zh=zh, problem_en=en
    )
