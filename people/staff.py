"""Staff: creating them, checking a password, and what they may do.

A password is checked in three steps, so that failures are counted even though signing in fails:
`check_password` counts and answers, the edge commits, then it shows the outcome.
"""

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel import audit
from kernel.actor import Actor
from kernel.errors import Conflict, Forbidden, Invalid, TooMany, Unauthenticated
from people.models import Staff
from people.permissions import STAFF_ROLES, permissions_of

SHORTEST_PASSWORD = 10
ADMINISTRATOR = "admin"
MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)

_USERNAME = re.compile(r"[a-z0-9._-]{2,40}")
_hasher = PasswordHasher()


class UsernameTaken(Conflict):
    """Someone has this user name already."""

    code = "username_taken"
    zh = "用户名“{username}”已被使用，请换一个。"
    en = "The user name “{username}” is taken. Please choose another."


class UsernameMalformed(Invalid):
    """A user name is typed every morning: short and plain."""

    code = "username_malformed"
    zh = "用户名请用 2 到 40 个小写字母、数字、点、横线或下划线。"
    en = "A user name has 2 to 40 lower-case letters, digits, dots, hyphens or underscores."


class PasswordTooShort(Invalid):
    """Shorter than the least length."""

    code = "password_too_short"
    zh = "密码至少需要 {least} 个字符。"
    en = "A password needs at least {least} characters."


class RoleUnknown(Invalid):
    """No such role for staff."""

    code = "role_unknown"
    zh = "没有这个角色：{role}。"
    en = "There is no such role: {role}."


class HallsBeyondYours(Forbidden):
    """Who works in some halls appoints and stops people of these halls only."""

    code = "halls_beyond_yours"
    zh = "您只能管理本人所在大厅的账号，请选择这些大厅。"
    en = "You manage accounts of your own halls only. Please choose among these halls."


class RoleBeyondYours(Forbidden):
    """Nobody whom halls limit hands out more than they may do themselves."""

    code = "role_beyond_yours"
    zh = "角色“{role}”的权限超出您本人的权限，请联系全市管理员。"
    en = "The role “{role}” may do more than you may. Please ask an administrator of the city."


class OwnAccount(Conflict):
    """Nobody locks themselves out."""

    code = "own_account"
    zh = "不能停用自己的账号，请由其他管理员操作。"
    en = "You cannot stop your own account. Please ask another administrator."


class LastAdministrator(Conflict):
    """Without an administrator of the city nobody could appoint one."""

    code = "last_administrator"
    zh = "这是最后一位全市管理员，不能停用。请先设立另一位。"
    en = "This is the last administrator of the city. Please appoint another one first."


class SignInWrong(Unauthenticated):
    """User name or password is wrong; which of them is not told."""

    code = "sign_in_wrong"
    zh = "用户名或密码不正确。"
    en = "The user name or the password is wrong."


class SignInLocked(TooMany):
    """Too many failures in a row."""

    code = "sign_in_locked"
    zh = "连续输错次数过多，账号已暂时锁定，请 15 分钟后再试或联系管理员。"
    en = "Too many wrong passwords. Try again in 15 minutes, or ask the administrator."


@dataclass(frozen=True, slots=True)
class NewStaff:
    """Someone to be added. `hall_ids` None: all halls."""

    username: str
    name: str
    password: str
    roles: tuple[str, ...]
    hall_ids: tuple[int, ...] | None = None
    badge: str = ""


@dataclass(frozen=True, slots=True)
class SignIn:
    """The outcome of a password check; the account is locked when `wait_seconds` is not 0.

    `staff` is set on success only; `known_id` also when the account exists and the check failed.
    """

    staff: Staff | None
    known_id: int | None = None
    wait_seconds: int = 0


def create_staff(session: Session, command: NewStaff, *, actor: Actor, now: datetime) -> Staff:
    """Add a member of staff.

    Raises:
        UsernameMalformed, UsernameTaken, PasswordTooShort, RoleUnknown, HallsBeyondYours, RoleBeyondYours
    """
    if not _USERNAME.fullmatch(command.username.lower()):
        raise UsernameMalformed
    for role in command.roles:
        if role not in STAFF_ROLES:
            raise RoleUnknown(role=role)
    ensure_within(actor, halls=command.hall_ids)
    ensure_grants(actor, roles=command.roles)
    if find_by_username(session, command.username) is not None:
        raise UsernameTaken(username=command.username)
    staff = Staff(
        username=command.username.lower(),
        name=command.name,
        badge=command.badge,
        password_hash=hash_password(command.password),
        roles=list(command.roles),
        hall_ids=None if command.hall_ids is None else list(command.hall_ids),
        created_at=now,
    )
    session.add(staff)
    session.flush()
    audit.record(
        session,
        "staff.create",
        actor=actor,
        now=now,
        subject=("staff", staff.id),
        roles=list(command.roles),
        halls=staff.hall_ids,
    )
    return staff


def set_active(session: Session, staff: Staff, *, active: bool, actor: Actor, now: datetime) -> None:
    """Stop an account or let it work again; stopping ends its sessions at once.

    Raises:
        HallsBeyondYours, RoleBeyondYours, OwnAccount, LastAdministrator
    """
    ensure_within(actor, halls=staff.hall_ids)
    if active:
        ensure_grants(actor, roles=staff.roles)
    else:
        ensure_may_go(session, staff, actor=actor)
    session.refresh(staff, with_for_update=True)
    if staff.active == active:
        return
    staff.active = active
    staff.session_epoch += 1
    action = "staff.activate" if active else "staff.stop"
    audit.record(session, action, actor=actor, now=now, subject=("staff", staff.id))


def end_sessions(session: Session, staff_id: int) -> None:
    """End all sessions of this person's browsers, also those of which somebody kept a copy."""
    raised = update(Staff).where(Staff.id == staff_id).values(session_epoch=Staff.session_epoch + 1)
    session.execute(raised)


def ensure_within(actor: Actor, *, halls: Collection[int] | None) -> None:
    """All of `halls` (None: the whole city) are the actor's own."""
    if actor.everywhere:
        return
    if halls is None or not actor.hall_ids or not set(halls) <= actor.hall_ids:
        raise HallsBeyondYours


def ensure_grants(actor: Actor, *, roles: Collection[str]) -> None:
    """An administrator of the city appoints everyone; in a hall nobody grants more than they hold."""
    if actor.everywhere:
        return
    for role in roles:
        if not permissions_of([role]) <= actor.permissions:
            raise RoleBeyondYours(role=role)


def ensure_may_go(session: Session, staff: Staff, *, actor: Actor) -> None:
    """Administrators of the city are locked in one order, so that two cannot stop each other at once."""
    if actor.kind == "staff" and actor.id == staff.id:
        raise OwnAccount
    in_charge = set(
        session.scalars(
            select(Staff.id)
            .where(Staff.active, Staff.hall_ids.is_(None), Staff.roles.contains([ADMINISTRATOR]))
            .order_by(Staff.id)
            .with_for_update()
        )
    )
    if in_charge == {staff.id}:
        raise LastAdministrator


def hash_password(password: str) -> str:
    """Argon2id of a password that is long enough.

    Raises:
        PasswordTooShort
    """
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordTooShort(least=SHORTEST_PASSWORD)
    return _hasher.hash(password)


def find_by_username(session: Session, username: str) -> Staff | None:
    """Staff by user name, in any case of letters."""
    return session.scalar(select(Staff).where(Staff.username == username.lower()))


def check_password(session: Session, username: str, password: str, *, real_now: datetime) -> SignIn:
    """Look at a password and count a failure. The caller commits, whatever the outcome."""
    staff = session.scalar(
        select(Staff).where(Staff.username == username.lower(), Staff.active).with_for_update()
    )
    if staff is None:
        _matches(_hash_of_nobody(), password)  # an unknown name takes as long as a known one
        return SignIn(None)
    if staff.locked_until is not None and staff.locked_until > real_now:
        left = staff.locked_until - real_now
        return SignIn(None, staff.id, wait_seconds=math.ceil(left.total_seconds()))
    if not _matches(staff.password_hash, password):
        staff.failed_sign_ins += 1
        if staff.failed_sign_ins >= MOST_FAILURES:
            staff.failed_sign_ins, staff.locked_until = 0, real_now + LOCKED_FOR
        return SignIn(None, staff.id)
    staff.failed_sign_ins, staff.locked_until = 0, None
    return SignIn(staff, staff.id)


def raise_unless_signed_in(sign_in: SignIn) -> Staff:
    """The staff member of a successful check.

    Raises:
        SignInLocked: `wait_seconds` says for how long.
        SignInWrong
    """
    if sign_in.wait_seconds:
        raise SignInLocked(wait_seconds=sign_in.wait_seconds)
    if sign_in.staff is None:
        raise SignInWrong
    return sign_in.staff


def actor_of(staff: Staff) -> Actor:
    """What this member of staff may do, and where."""
    return staff_actor(staff.id, staff.roles, staff.hall_ids)


def staff_actor(staff_id: int, roles: Collection[str], hall_ids: Collection[int] | None) -> Actor:
    """The same, of somebody with these roles in these halls; None: in all."""
    halls = None if hall_ids is None else frozenset(hall_ids)
    return Actor("staff", staff_id, permissions_of(roles), halls)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash("nobody has this password")
