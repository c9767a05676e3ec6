"""Accounts: who works here, in which roles and halls."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.queries import list_halls
from kernel.errors import DomainError, NotFound
from people import staff as accounts
from people.models import Staff
from people.permissions import STAFF_ROLES
from web import edge
from web.guards import staff_only


def _page(session: Session, error: DomainError | None = None) -> str:
    rows = list(session.scalars(select(Staff).order_by(Staff.username)))
    message = error.sentence(edge.language()) if error else ""
    halls = list_halls(session)
    names = {hall.id: edge.text(hall, "name") for hall in halls}
    return render_template(
        "admin/staff.html",
        rows=rows,
        halls=halls,
        hall_names=names,
        roles=sorted(STAFF_ROLES),
        error=message,
        form=request.form,
    )


@staff_only("staff.edit")
def home() -> Any:
    """The list and a form for one more."""
    with edge.transaction() as session:
        return _page(session)


def _command() -> accounts.NewStaff:
    form = request.form
    halls = tuple(int(value) for value in form.getlist("halls") if value.isdigit())
    return accounts.NewStaff(
        username=form.get("username", "").strip()[:40],
        name=form.get("name", "").strip()[:60],
        password=form.get("password", "")[:200],
        roles=tuple(form.getlist("roles")),
        hall_ids=halls or None,
        badge=form.get("badge", "").strip()[:20],
    )


@staff_only("staff.edit")
def add() -> Any:
    """Create an account; what was typed stays when something is wrong."""
    try:
        with edge.transaction() as session:
            made = accounts.create_staff(session, _command(), actor=edge.actor(), now=edge.now())
    except DomainError as error:
        with edge.transaction() as session:
            return _page(session, error), 422
    flash(_("账号 %(name)s 已建立。", name=made.username), "ok")
    return redirect(url_for("admin.staff"), 303)


@staff_only("staff.edit")
def switch(staff_id: int) -> Any:
    """Stop an account (its sessions end at once) or let it work again."""
    with edge.transaction() as session:
        row = session.get(Staff, staff_id, with_for_update=True)
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
