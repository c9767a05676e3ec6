"""One account: name, badge, roles, halls, and a new password for somebody who forgot theirs."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from halls.queries import HallUnknown, list_halls
from kernel.errors import DomainError, NotFound
from people.models import Staff
from people.permissions import STAFF_ROLES
from people.staff import ensure_within
from people.staff_changes import StaffFacts, change_staff, set_password
from web import edge, problems
from web.admin import entry
from web.guards import staff_only


def _member(session: Session, staff_id: int) -> Staff:
    """The account; raises NotFound, HallsBeyondYours."""
    row = session.get(Staff, staff_id)
    if row is None:
        raise NotFound
    ensure_within(edge.actor(), halls=row.hall_ids)
    return row


def _page(session: Session, row: Staff, data: dict[str, Any], errors: dict[str, str]) -> str:
    halls = [hall for hall in list_halls(session) if edge.actor().may("staff.edit", hall.id)]
    facts = {"row": row, "data": data, "errors": errors, "halls": halls, "roles": sorted(STAFF_ROLES)}
    return render_template("admin/staff_member.html", everywhere=edge.actor().everywhere, **facts)


@staff_only("staff.edit")
def show(staff_id: int) -> Any:
    """The forms."""
    with edge.transaction() as session:
        row = _member(session, staff_id)
        return _page(session, row, _facts(row), {})


def _facts(row: Staff) -> dict[str, Any]:
    return {"name": row.name, "badge": row.badge, "roles": row.roles, "halls": row.hall_ids or []}


@staff_only("staff.edit")
def save(staff_id: int) -> Any:
    """Write what was typed; whoever loses a role or a hall is signed out at once."""
    form = request.form
    data = {"name": entry.text("name")[:60], "badge": entry.text("badge")[:20]}
    chosen = {"roles": form.getlist("roles"), "halls": form.getlist("halls")}
    try:
        with edge.transaction() as session:
            known = {str(hall.id): hall.id for hall in list_halls(session)}
            if not set(chosen["halls"]) <= set(known):
                raise HallUnknown
            hall_ids = tuple(known[each] for each in chosen["halls"]) or None
            facts = StaffFacts(**data, roles=tuple(chosen["roles"]), hall_ids=hall_ids)
            change_staff(session, _member(session, staff_id), facts, actor=edge.actor(), now=edge.now())
    except DomainError as error:
        return _refused(staff_id, {**data, **chosen}, error)
    flash(_("已保存。"), "ok")
    return redirect(url_for("admin.staff"), 303)


@staff_only("staff.edit")
def password(staff_id: int) -> Any:
    """Give a new password; all sessions of that person end."""
    typed = request.form.get("password", "")[:200]
    try:
        with edge.transaction() as session:
            set_password(session, _member(session, staff_id), typed, actor=edge.actor(), now=edge.now())
    except DomainError as error:
        return _refused(staff_id, None, error, field="password")
    flash(_("新密码已生效，请当面告诉本人。"), "ok")
    return redirect(url_for("admin.staff"), 303)


def _refused(staff_id: int, typed: dict[str, Any] | None, error: DomainError, *, field: str = "name") -> Any:
    with edge.transaction() as session:
        row, errors = _member(session, staff_id), {field: error.sentence(edge.language())}
        return _page(session, row, typed or _facts(row), errors), problems.status_of(error)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    base = "/staff/<int:staff_id>"
    blueprint.add_url_rule(base, "staff_member", show)
    blueprint.add_url_rule(base, "staff_save", save, methods=["POST"])
    blueprint.add_url_rule(f"{base}/password", "staff_password", password, methods=["POST"])
