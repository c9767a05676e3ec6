"""Staff as a table. Passwords are never shown; one is given for a new account only."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.actor import Actor
from kernel.errors import DomainError
from kernel.tables import Column, Line, Mistakes, Row, Sheet
from people.models import Staff
from people.staff import NewStaff, create_staff, set_active
from people.staff_changes import StaffFacts, change_staff

MOST_NEW = 100  # each first password takes a while to hash, on purpose

STAFF = Sheet(
    "staff",
    "人员",
    "Staff",
    (
        Column("username", "用户名", "User name", "text", needed=True, most=40),
        Column("name", "姓名", "Name", needed=True, most=60),
        Column("badge", "警号", "Badge", most=20),
        Column("roles", "角色", "Roles", "list", needed=True),
        Column("halls", "大厅（空为全部）", "Halls (empty: all)", "list"),
        Column("active", "在用", "In use", "flag"),
        Column(
            "password",
            "初始密码（仅新账号）",
            "First password (new accounts)",
            optional=True,
            most=200,
            secret=True,
        ),
    ),
    key=("username",),
)


def read_staff(session: Session, actor: Actor, halls: Mapping[int, str]) -> list[Row]:
    """The accounts that this person manages; `halls`: id → code."""
    return [
        {
            "username": row.username,
            "name": row.name,
            "badge": row.badge,
            "roles": list(row.roles),
            "halls": [halls[each] for each in row.hall_ids or () if each in halls],
            "active": row.active,
            "password": "",
        }
        for row in session.scalars(select(Staff).order_by(Staff.username))
        if actor.hall_ids is None or (row.hall_ids is not None and actor.hall_ids.issuperset(row.hall_ids))
    ]


def write_staff(
    session: Session,
    lines: Sequence[Line],
    mistakes: Mistakes,
    halls: Mapping[str, int],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Make and change accounts, stop them or let them work again; `halls`: code → id."""
    known = {row.username: row for row in session.scalars(select(Staff))}
    new = [line for line in lines if line.row["username"].lower() not in known]
    if len(new) > MOST_NEW:
        mistakes.add(
            new[MOST_NEW].number, "", zh=f"一次最多新建 {MOST_NEW} 个账号", en=f"at most {MOST_NEW} new"
        )
    for line in lines:
        for code in line.row["halls"]:
            if code not in halls:
                mistakes.add(line.number, "halls", zh=f"没有这个大厅：{code}", en=f"no such hall: {code}")
    mistakes.stop_if_any()
    for line in lines:
        staff = known.get(line.row["username"].lower())
        hall_ids = tuple(halls[code] for code in line.row["halls"]) or None
        try:
            _write(session, line.row, staff, hall_ids, actor=actor, now=now)
        except DomainError as error:
            column = _COLUMNS.get(error.code, "username")
            mistakes.add(line.number, column, zh=error.sentence("zh"), en=error.sentence("en"))


_COLUMNS = {
    "password_too_short": "password",
    "role_unknown": "roles",
    "role_beyond_yours": "roles",
    "last_administrator": "roles",
    "halls_beyond_yours": "halls",
    "own_account": "active",
}


def _write(
    session: Session,
    row: Row,
    staff: Staff | None,
    hall_ids: tuple[int, ...] | None,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    roles = tuple(row["roles"])
    if staff is None:
        password = row.get("password", "")
        command = NewStaff(row["username"], row["name"], password, roles, hall_ids, row["badge"])
        staff = create_staff(session, command, actor=actor, now=now)
    else:
        change_staff(
            session, staff, StaffFacts(row["name"], row["badge"], roles, hall_ids), actor=actor, now=now
        )
    set_active(session, staff, active=row["active"], actor=actor, now=now)
