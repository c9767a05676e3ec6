"""Accounts: who works here, in which roles and halls."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.queries import HallUnknown, list_halls
from kernel.errors import DomainError, NotFound
from people import staff as accounts
from people.models import Staff
from people.permissions import STAFF_ROLES
from web import edge, problems
from web.guards import staff_only

#: Code of an error → the field of the form that it is about.
_FIELD_OF = {
    "username_taken": "username",
    "username_malformed": "username",
    "password_too_short": "password",
    "role_unknown": "roles",
    "role_beyond_yours": "roles",
    "halls_beyond_yours": "halls",
}


def _page(session: Session, error: DomainError | None = None) -> str:
    rows = [row for row in session.scalars(select(Staff).order_by(Staff.username)) if _is_mine(row)]
    errors = {_FIELD_OF.get(error.code, "_"): error.sentence(edge.language())} if error else {}
    halls = [hall for hall in list_halls(session) if edge.actor().may("staff.edit", hall.id)]
    names = {hall.id: edge.text(hall, "name") for hall in halls}
    return render_template(
        "admin/staff.html",
        rows=rows,
        halls=halls,
        everywhere=edge.actor().everywhere,
        hall_names=names,
        roles=sorted(STAFF_ROLES),
        errors=errors,
        form=request.form,
    )


def _is_mine(row: Staff) -> bool:
    own = edge.actor().hall_ids
    return own is None or (row.hall_ids is not None and own.issuperset(row.hall_ids))


@staff_only("staff.edit")
def home() -> Any:
    """The list and a form for one more."""
    with edge.transaction() as session:
        return _page(session)


def _halls(session: Session) -> tuple[int, ...]:
    """The halls that were ticked. One that there is not is refused: dropping the last would mean all."""
    known = {str(hall.id): hall.id for hall in list_halls(session)}
    try:
        return tuple(known[value] for value in request.form.getlist("halls"))
    except KeyError:
        raise HallUnknown from None


def _command(session: Session) -> accounts.NewStaff:
    form = request.form
    return accounts.NewStaff(
        username=form.get("username", "").strip()[:40],
        name=form.get("name", "").strip()[:60],
        password=form.get("password", "")[:200],
        roles=tuple(form.getlist("roles")),
        hall_ids=_halls(session) or None,
        badge=form.get("badge", "").strip()[:20],
    )


@staff_only("staff.edit")
def add() -> Any:
    """Create an account; what was typed stays when something is wrong."""
    try:
        with edge.transaction() as session:
            made = accounts.create_staff(session, _command(session), actor=edge.actor(), now=edge.now())
    except DomainError as error:
        with edge.transaction() as session:
            return _page(session, error), problems.status_of(error)
    flash(_("账号 %(name)s 已建立。", name=made.username), "ok")
    return redirect(url_for("admin.staff"), 303)


@staff_only("staff.edit")
def switch(staff_id: int) -> Any:
    """Stop an account (its sessions end at once) or let it work again."""
    with edge.transaction() as session:
        row = session.get(Staff, staff_id)
        if row is None:
            raise NotFound
        accounts.set_active(session, row, active=not row.active, actor=edge.actor(), now=edge.now())
    flash(_("已保存。"), "ok")
    return redirect(url_for("admin.staff"), 303)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/staff", "staff", home)
    blueprint.add_url_rule("/staff", "staff_add", add, methods=["POST"])
    blueprint.add_url_rule("/staff/<int:staff_id>/switch", "staff_switch", switch, methods=["POST"])
