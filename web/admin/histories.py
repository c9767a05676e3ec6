"""Earlier states of what people edit: who changed what and when, what differs, and bringing one back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog import guide_drafts, restore
from catalog.history import ALL_SYNONYMS, GUIDE, PACKAGE, SERVICE, SYNONYMS
from kernel.difference import Change, changes
from kernel.errors import NotFound
from kernel.history import Revision, get_revision, list_revisions
from people.models import Staff
from web import edge
from web.admin import entry
from web.guards import staff_only

Bring = Callable[[Session, str, int], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of content: what it is called, the page that shows a thing of it, how it is brought back."""

    name: Any
    url: Callable[[str], str]
    bring: Bring


def _service(session: Session, key: str, number: int) -> None:
    service = restore.find_any_service(session, key)
    restore.restore_service(session, service, number, actor=edge.actor(), now=edge.now())


def _guide(session: Session, key: str, number: int) -> None:
    service = restore.find_any_service(session, key)
    guide_drafts.restore_to_draft(session, service, number, actor=edge.actor(), now=edge.now())


def _package(session: Session, key: str, number: int) -> None:
    restore.restore_package(session, key, number, actor=edge.actor(), now=edge.now())


def _synonyms(session: Session, key: str, number: int) -> None:
    if key == ALL_SYNONYMS:
        restore.restore_synonyms(session, number, actor=edge.actor(), now=edge.now())


KINDS = {
    SERVICE: Kind(_l("事项"), lambda key: url_for("admin.service", code=key), _service),
    GUIDE: Kind(_l("办事指引"), lambda key: url_for("admin.guide", code=key), _guide),
    PACKAGE: Kind(_l("一件事"), lambda _key: url_for("admin.packages"), _package),
    SYNONYMS: Kind(_l("同义词"), lambda _key: url_for("admin.synonyms"), _synonyms),
}


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise NotFound
    return KINDS[name]


@staff_only("catalog.edit")
def home(kind: str, key: str) -> Any:
    """All saved states of one thing, newest first, each with what it changed."""
    about = _kind(kind)
    with edge.transaction() as session:
        rows = list_revisions(session, kind, key)
        names = names_of(session, rows)
    older = [*rows[1:], None]
    shown = [(row, _lines(older[at], row) if older[at] else None) for at, row in enumerate(rows)]
    facts = {"kind": kind, "about": about, "key": key, "rows": shown, "names": names}
    return render_template("admin/history.html", back=about.url(key), **facts)


@staff_only("catalog.edit")
def show(kind: str, key: str, number: int) -> Any:
    """What would change if this state came back."""
    about = _kind(kind)
    with edge.transaction() as session:
        rows = list_revisions(session, kind, key, limit=1)
        chosen = get_revision(session, kind, key, number)
        names = names_of(session, [chosen])
    facts = {"kind": kind, "about": about, "key": key, "row": chosen, "names": names}
    lines = _lines(rows[0], chosen)
    return render_template("admin/version.html", lines=lines, newest=rows[0].number == number, **facts)


@staff_only("catalog.edit")
def bring(kind: str, key: str, number: int) -> Any:
    """Bring a state back, through the same checks as any edit."""
    about = _kind(kind)
    edge.require_everywhere("catalog.edit")
    with edge.transaction() as session:
        about.bring(session, key, number)
    if kind == GUIDE:
        flash(_("第 %(n)s 版已放进草稿，检查后发布即可生效。", n=number), "ok")
    else:
        flash(_("已恢复为第 %(n)s 版。", n=number), "ok")
    return redirect(about.url(key), 303)


def _lines(before: Revision | None, after: Revision) -> list[tuple[str, str, str]]:
    """Place, before, after: each in words."""
    found = changes(before.content if before else {}, after.content)
    return [(_place(change), said(change.before), said(change.after)) for change in found]


def _place(change: Change) -> str:
    return " › ".join(entry.label(part) for part in change.path) or "–"


def said(value: Any) -> str:
    """A stored value as a person reads it."""
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return str(_("是") if value else _("否"))
    if isinstance(value, list):
        return "、".join(said(part) for part in value)
    if isinstance(value, dict):
        known = {name: part for name, part in value.items() if part not in ("", None, [], {}, False)}
        return "；".join(f"{entry.label(name)}：{said(part)}" for name, part in known.items())
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
