"""Changing an account: name, badge, roles, halls, a new password."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.actor import Actor
from people.models import Staff
from people.permissions import STAFF_ROLES
from people.staff import (
    ADMINISTRATOR,
    RoleUnknown,
    end_sessions,
    ensure_grants,
    ensure_may_go,
    ensure_within,
    hash_password,
)


@dataclass(frozen=True, slots=True)
class StaffFacts:
    """What may be changed of an account. `hall_ids` None: all halls."""

    name: str
    badge: str
    roles: tuple[str, ...]
    hall_ids: tuple[int, ...] | None


def change_staff(session: Session, staff: Staff, facts: StaffFacts, *, actor: Actor, now: datetime) -> bool:
    """Write the facts; whether any differed. Whoever loses a role or a hall is signed out at once.

    Raises:
        RoleUnknown, HallsBeyondYours, RoleBeyondYours, OwnAccount, LastAdministrator
    """
    halls = None if facts.hall_ids is None else sorted(facts.hall_ids)
    before = (staff.name, staff.badge, sorted(staff.roles), _sorted(staff.hall_ids))
    if before == (facts.name, facts.badge, sorted(facts.roles), halls):
        return False
    for role in facts.roles:
        if role not in STAFF_ROLES:
            raise RoleUnknown(role=role)
    ensure_within(actor, halls=staff.hall_ids)
    ensure_within(actor, halls=halls)
    ensure_grants(actor, roles={*staff.roles, *facts.roles})
    was_in_charge = staff.active and ADMINISTRATOR in staff.roles and staff.hall_ids is None
    if was_in_charge and (ADMINISTRATOR not in facts.roles or halls is not None):
        ensure_may_go(session, staff, actor=actor)
    session.refresh(staff, with_for_update=True)
    loses = not set(staff.roles) <= set(facts.roles) or _narrower(staff.hall_ids, halls)
    staff.name, staff.badge = facts.name, facts.badge
    staff.roles, staff.hall_ids = list(facts.roles), halls
    session.flush()
    if loses:
        end_sessions(session, staff.id)
    audit.record(
        session,
        "staff.change",
        actor=actor,
        now=now,
        subject=("staff", staff.id),
        roles=list(facts.roles),
        halls=halls,
    )
    return True


def set_password(session: Session, staff: Staff, password: str, *, actor: Actor, now: datetime) -> None:
    """Give a new password, for somebody who forgot theirs; ends their sessions and unlocks the account.

    Raises:
        PasswordTooShort, HallsBeyondYours, RoleBeyondYours
    """
    ensure_within(actor, halls=staff.hall_ids)
    ensure_grants(actor, roles=staff.roles)
    staff.password_hash = hash_password(password)
    staff.failed_sign_ins, staff.locked_until = 0, None
    session.flush()
    end_sessions(session, staff.id)
    audit.record(session, "staff.set_password", actor=actor, now=now, subject=("staff", staff.id))


def _sorted(hall_ids: list[int] | None) -> list[int] | None:
    return None if hall_ids is None else sorted(hall_ids)


def _narrower(before: list[int] | None, after: list[int] | None) -> bool:
    """Whether some hall of before is none of after."""
    if after is None:
        return False
    return before is None or not set(before) <= set(after)
