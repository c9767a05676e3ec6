"""Earlier states of what people edit: who changed what and when, what differs, and bringing one back."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.history import ALL_SYNONYMS, GUIDE, SERVICE
from halls import calendar_days
from halls.queries import get_hall
from kernel.difference import Change, changes
from kernel.errors import NotFound
from kernel.history import Revision, get_revision, list_revisions
from people.models import Staff
from web import edge
from web.admin import entry
from web.admin.history_kinds import Kind, get_kind
from web.guards import staff_only


@staff_only("")
def home(kind: str, key: str) -> Any:
    """All saved states of one thing, newest first, each with what it changed.

    Raises:
        NotFound, Forbidden, HallUnknown
    """
    with edge.transaction() as session:
        about = get_kind(session, kind, key)
        rows = list_revisions(session, kind, key)
        called = _called(session, about, (kind, key), rows)
        names = names_of(session, rows)
    older = [*rows[1:], None]
    shown = [(row, _lines(about, older[at], row) if older[at] else None) for at, row in enumerate(rows)]
    facts = {"kind": kind, "about": about, "key": key, "rows": shown, "names": names}
    facts["called"] = called
    return render_template("admin/history.html", back=about.url(key), **facts)


@staff_only("")
def show(kind: str, key: str, number: int) -> Any:
    """What would change if this state came back.

    Raises:
        NotFound, Forbidden, HallUnknown, RevisionUnknown
    """
    with edge.transaction() as session:
        about = get_kind(session, kind, key)
        rows = list_revisions(session, kind, key, limit=1)
        called = _called(session, about, (kind, key), rows)
        chosen = get_revision(session, kind, key, number)
        names = names_of(session, [chosen])
    action, fields = about.action(kind, key, number)
    facts = {"kind": kind, "about": about, "key": key, "row": chosen, "names": names}
    facts |= {"lines": _lines(about, rows[0], chosen), "action": action, "fields": fields, "called": called}
    return render_template("admin/version.html", newest=rows[0].number == number, **facts)


@staff_only("")
def bring(kind: str, key: str, number: int) -> Any:
    """Bring a state back, through the same checks as any edit.

    Raises:
        NotFound, Forbidden, CityWideOnly, HallUnknown, RevisionUnknown
    """
    with edge.transaction() as session:
        about = get_kind(session, kind, key)
        if about.bring is None:
            raise NotFound
        if not about.of_hall:
            edge.require_everywhere(about.need)
        about.bring(session, key, number)
    if kind == GUIDE:
        flash(_("第 %(n)s 版已放进草稿，检查后发布即可生效。", n=number), "ok")
    else:
        flash(_("已恢复为第 %(n)s 版。", n=number), "ok")
    return redirect(about.url(key), 303)


def _called(session: Session, about: Kind, thing: tuple[str, str], rows: list[Revision]) -> str:
    """What people call the thing: its newest name, also when it is gone; "" of what there is once."""
    kind, key = thing
    if about.of_hall:
        return edge.text(get_hall(session, key), "name")
    if key in (ALL_SYNONYMS, calendar_days.KEY):
        return ""
    named = list_revisions(session, SERVICE, key, limit=1) if kind == GUIDE else rows
    names = [row.content for row in named if row.content.get("name_zh")]
    if not names:
        return key
    return str((edge.language() == "en" and names[0].get("name_en")) or names[0]["name_zh"])


def _lines(about: Kind, before: Revision | None, after: Revision) -> list[tuple[str, str, str]]:
    """Place, before, after: each in words."""
    found = changes(about.whole(before.content) if before else {}, about.whole(after.content))
    return [
        (_place(about, change), said(change.before, about.label), said(change.after, about.label))
        for change in found
    ]


def _place(about: Kind, change: Change) -> str:
    return " › ".join(about.label(part) for part in change.path) or "–"


def said(value: Any, label: Callable[[str], str] = entry.label) -> str:
    """A stored value as a person reads it."""
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return str(_("是") if value else _("否"))
    if isinstance(value, list):
        return str(_("、")).join(said(part, label) for part in value)
    if isinstance(value, dict):
        known = {name: part for name, part in value.items() if part not in ("", None, [], {}, False)}
        return str(_("；")).join(f"{label(name)}{_('：')}{said(part, label)}" for name, part in known.items())
    return str(value)


def names_of(session: Session, rows: list[Revision]) -> dict[int, str]:
    """Staff id → name, for those who saved these states."""
    ids = {row.actor_id for row in rows if row.actor_kind == "staff"}
    return {
        row.id: row.name for row in session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids)))
    }


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    base = "/history/<kind>/<key>"
    blueprint.add_url_rule(base, "history", home)
    blueprint.add_url_rule(f"{base}/<int:number>", "version", show)
    blueprint.add_url_rule(f"{base}/<int:number>", "version_bring", bring, methods=["POST"])
