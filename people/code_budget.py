"""How many one-time codes a hall pays for: per hour and per day, beside the limits of each phone.

Limits per phone do not stop a program that asks for codes to thousands of other people's phones. When a
budget is spent people are told the way without a code, and staff see it: an entry of the audit and a line in
the cockpit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from kernel import audit
from kernel.actor import SYSTEM, Actor
from kernel.audit import AuditEntry
from kernel.errors import Invalid, TooMany
from people.models import PhoneCode, Setting

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_SPENT = "phone_code.budget_spent"
_SETTING = "phone_codes"
_MOST = 10**6
_NEARLY = 0.8


class PhoneCodeBudgetSpent(TooMany):
    """The hall's codes of this hour or day are gone: nobody's fault who reads this."""

    code = "phone_code_budget_spent"
    zh = "现在获取验证码的人太多，暂时发不出短信。请一小时后再试，或直接到大厅现场取号，不用手机也能办。"
    en = "Too many codes are being asked for. Try again in an hour, or come to the hall: no phone needed."


class CodeBudgetInvalid(Invalid):
    """A budget is whole numbers `per_hour` and `per_day`."""

    code = "code_budget_invalid"
    zh = "验证码额度“{name}”应为 1 到 1000000 之间的整数。"
    en = "The budget of codes “{name}” must be a whole number from 1 to 1000000."


@dataclass(frozen=True, slots=True)
class CodeBudget:
    """The most codes within any hour and any day."""

    per_hour: int = 600
    per_day: int = 4000

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> "CodeBudget":
        """Read the policy `phone_codes` of a hall; what is absent keeps its default.

        Raises:
            CodeBudgetInvalid
        """
        for name, value in values.items():
            known = name in {"per_hour", "per_day"}
            if not known or isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST:
                raise CodeBudgetInvalid(name=name)
        return cls(**values)  # type: ignore[arg-type]  # checked just above


#: Where no hall is concerned, for example before "my bookings".
CITY = CodeBudget(per_hour=3000, per_day=20_000)


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose budget a code is taken from; `hall_id` None is the installation itself."""

    hall_id: int | None
    budget: CodeBudget


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a budget is used."""

    budget: CodeBudget
    hour: int
    day: int

    @property
    def spent(self) -> bool:
        """Whether no code can be asked for now."""
        return self.hour >= self.budget.per_hour or self.day >= self.budget.per_day

    @property
    def nearly(self) -> bool:
        """Whether somebody should look at it."""
        return self.hour >= _NEARLY * self.budget.per_hour or self.day >= _NEARLY * self.budget.per_day


def city_payer(session: Session) -> Payer:
    """The installation's own budget (setting `phone_codes`)."""
    row = session.get(Setting, _SETTING)
    return Payer(None, CodeBudget.from_mapping(row.value) if row is not None else CITY)


def set_city_budget(
    session: Session, values: Mapping[str, object], *, actor: Actor, now: datetime
) -> CodeBudget:
    """Change the installation's own budget.

    Raises:
        CodeBudgetInvalid
    """
    budget = CodeBudget.from_mapping(values)
    stored = {"per_hour": budget.per_hour, "per_day": budget.per_day}
    row = session.get(Setting, _SETTING)
    if row is None:
        session.add(Setting(name=_SETTING, value=stored))
    else:
        row.value, row.version = stored, row.version + 1
    audit.record(
        session, "phone_code.budget_set", actor=actor, now=now, subject=("setting", None), budget=stored
    )
    return budget


def usage(session: Session, payer: Payer, *, now: datetime) -> Usage:
    """Codes asked for within the last hour and day."""
    own = PhoneCode.hall_id == payer.hall_id if payer.hall_id else PhoneCode.hall_id.is_(None)
    counted = select(func.count().filter(PhoneCode.created_at > now - _HOUR), func.count()).where(
        own, PhoneCode.created_at > now - _DAY, PhoneCode.created_at <= now
    )
    hour, day = session.execute(counted).one()
    return Usage(payer.budget, hour, day)


def take(session: Session, payer: Payer, *, now: datetime) -> None:
    """One more code is paid for; the last one of a budget rings the alarm, at most once an hour.

    Requests for one budget go one after another, so that it holds exactly.

    Raises:
        PhoneCodeBudgetSpent
    """
    session.execute(select(func.pg_advisory_xact_lock(_LOCK, payer.hall_id or 0)))
    used = usage(session, payer, now=now)
    if used.spent:
        raise PhoneCodeBudgetSpent
    last_one = Usage(payer.budget, used.hour + 1, used.day + 1)
    if last_one.spent and not _told(session, payer, now=now):
        audit.record(
            session,
            _SPENT,
            actor=SYSTEM,
            now=now,
            subject=("hall", payer.hall_id),
            hall_id=payer.hall_id,
            hour=last_one.hour,
            day=last_one.day,
        )


_LOCK = 0x436F6465  # "Code": the first half of the lock's key, the second is the hall


def _told(session: Session, payer: Payer, *, now: datetime) -> bool:
    hall = AuditEntry.hall_id == payer.hall_id if payer.hall_id else AuditEntry.hall_id.is_(None)
    recent = select(exists().where(AuditEntry.action == _SPENT, hall, AuditEntry.at > now - _HOUR))
    return bool(session.scalar(recent))
