"""How long personal data is kept: one value of the installation, in days, that administrators may change.

What is counted (how many came, how long they waited, how they rated) stays; who they were does not.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from kernel import audit
from kernel.actor import Actor
from kernel.errors import Invalid
from people.models import Setting

_NAME = "retention"
_LONGEST = 3660


class RetentionInvalid(Invalid):
    """A span that is not a whole number of days, or outside its range; `name` says which."""

    code = "retention_invalid"
    zh = "保存期限“{name}”应为 {low} 到 {high} 之间的整数（天）。"
    en = "The retention “{name}” must be a whole number of days from {low} to {high}."


@dataclass(frozen=True, slots=True)
class Retention:
    """Days after which something is wiped.

    `identity`: name and number of somebody who has not been here since. `phone`: the phone on a past
    appointment, ticket and survey. `message`: the phone of a settled message, and replies. `delivery`: the
    address that a result was to be posted to. `code`: one-time codes.
    """

    identity: int = 730
    phone: int = 180
    message: int = 90
    delivery: int = 60
    code: int = 7

    def before(self, name: str, now: datetime) -> datetime:
        """What is older than this is wiped."""
        return now - timedelta(days=getattr(self, name))


# A phone must outlive the survey and the working days of a follow-up; limits on codes look a day back.
_LEAST = {"identity": 30, "phone": 30, "message": 7, "delivery": 7, "code": 1}


def retention(session: Session) -> Retention:
    """The spans in force."""
    row = session.get(Setting, _NAME)
    return Retention(**row.value) if row is not None else Retention()


def set_retention(
    session: Session, values: Mapping[str, object], *, actor: Actor, now: datetime
) -> Retention:
    """Change some spans; the others stay.

    Raises:
        RetentionInvalid
    """
    wanted = asdict(retention(session))
    for name, days in values.items():
        low = _LEAST.get(name)
        if low is None or isinstance(days, bool) or not isinstance(days, int) or not low <= days <= _LONGEST:
            raise RetentionInvalid(name=name, low=low or 1, high=_LONGEST)
        wanted[name] = days
    row = session.get(Setting, _NAME)
    if row is None:
        session.add(Setting(name=_NAME, value=wanted))
    else:
        row.value, row.version = wanted, row.version + 1
    audit.record(session, "retention.set", actor=actor, now=now, subject=("setting", None), **wanted)
    return Retention(**wanted)


NAMES = tuple(field.name for field in fields(Retention))
