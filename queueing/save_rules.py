"""A hall's own rule of the queue: checked, versioned, audited, kept as history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from halls import queries as halls
from halls.models import Hall, ServiceGroup
from halls.own_rules import lock_rules, save_part
from kernel.actor import Actor
from kernel.errors import Invalid
from queueing.policy import DEFAULT_POLICY, PolicyInvalid, QueuePolicy
from queueing.sizing import SIZED
from queueing.staffing import capacities_of
from queueing.today import today_of


class QueuePolicyInvalid(Invalid):
    """A value of the queue's rule has the wrong type or lies outside its range; `problem` says which."""

    code = "queue_policy_invalid"
    zh = "排队规则的取值有误：{problem}。"
    en = "A value of the queue's rule is wrong: {problem}."


@dataclass(frozen=True, slots=True)
class LineRule:
    """The rule of one line as it holds today, with what follows from the number of its counters."""

    group: ServiceGroup
    counters: float
    policy: QueuePolicy


def read_rules(values: Mapping[str, object]) -> QueuePolicy:
    """The rule that these values are; raises QueuePolicyInvalid, whose `name` is the stored name."""
    try:
        return QueuePolicy.from_mapping(values)
    except PolicyInvalid as error:
        raise QueuePolicyInvalid(name=error.name, problem=str(error)) from error
    except TypeError as error:
        raise QueuePolicyInvalid(name="", problem=str(error)) from error


def save_rules(
    session: Session, hall: Hall, values: Mapping[str, object], *, version: int, actor: Actor, now: datetime
) -> bool:
    """Write the rule; whether anything differs. `version` is the one that the editor saw.

    The next call follows it; keys, promises and quickness of tickets that were issued stay. What would follow
    from the size of a line is set by the hall as soon as it is among the `values`.

    Raises:
        QueuePolicyInvalid, RulesMovedOn
    """
    lock_rules(session, hall, version=version)
    whole, usual = read_rules(values).as_mapping(), DEFAULT_POLICY.as_mapping()
    chosen = {
        name: value for name, value in whole.items() if value != usual[name] or name in SIZED & values.keys()
    }
    return save_part(session, hall, "queue", chosen, actor=actor, now=now)


def line_rules(session: Session, hall: Hall, *, now: datetime) -> list[LineRule]:
    """The rule of every line in use today."""
    today = today_of(session, hall.id, now=now)
    groups = halls.list_groups(session, hall.id, active=True)
    found = capacities_of(session, today, [group.id for group in groups], now=now)
    return [
        LineRule(group, found[group.id].most_counters, today.policy_for(found[group.id])) for group in groups
    ]
