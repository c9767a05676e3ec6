"""A guide is edited as a draft that citizens do not see, and published when nothing is wrong with it."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog import history
from catalog.events import ServicesSaved
from catalog.guide import Guide as GuideTree
from catalog.guide_edit import Tree, blank
from catalog.guide_file import GuideInvalid, guide_from_data
from catalog.models import Guide, GuideDraft, Service
from kernel import audit, outbox
from kernel.actor import Actor
from kernel.data_file import Problem
from kernel.errors import Conflict
from kernel.history import get_revision


class DraftChanged(Conflict):
    """Somebody else saved the draft since this page was opened."""

    code = "draft_changed"
    zh = "草稿刚刚被别人（或另一个页面）改过，您的修改没有保存。请刷新后再改。"
    en = "Somebody else, or another tab, has just changed the draft. Nothing was saved: please reload it."


@dataclass(frozen=True, slots=True)
class Draft:
    """What is being edited, and whether it is anything but what is published.

    `mark` is a print of the tree: of two editors the slower one is told, and overwrites nothing.
    """

    tree: Tree
    begun: bool
    published: bool

    @property
    def mark(self) -> str:
        """Equal for equal trees."""
        return mark_of(self.tree)


def mark_of(tree: Tree) -> str:
    """Twelve hex digits that tell one state of a tree from another."""
    return sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:12]


def get_draft(session: Session, service: Service) -> Draft:
    """The service's draft, or what is published as one that was not touched yet."""
    row, guide = session.get(GuideDraft, service.id), session.get(Guide, service.id)
    published = guide.tree if guide else blank()
    return Draft(row.tree if row else published, row is not None, guide is not None)


def read_draft(service: Service, tree: Tree) -> GuideTree:
    """The draft as citizens would walk it; raises GuideInvalid with every mistake."""
    return guide_from_data(tree, materials=_material_codes(service), name="")


def problems_of(service: Service, tree: Tree) -> tuple[Problem, ...]:
    """What must be put right before the draft can be published."""
    try:
        read_draft(service, tree)
    except GuideInvalid as error:
        return error.problems
    return ()


def save_draft(
    session: Session, service: Service, tree: Tree, *, based_on: str, actor: Actor, now: datetime
) -> GuideDraft:
    """Keep the draft as `tree`, mistakes and all; `based_on` is the mark of what it was made from.

    Raises:
        DraftChanged
    """
    row = _lock(session, service)
    if get_draft(session, service).mark != based_on:
        raise DraftChanged
    if row is None:
        row = GuideDraft(service_id=service.id)
        session.add(row)
    row.tree, row.changed_at, row.staff_id = tree, now, actor.id
    audit.record(session, "guide.draft", actor=actor, now=now, subject=("service", service.id))
    session.flush()
    return row


def discard_draft(session: Session, service: Service, *, actor: Actor, now: datetime) -> None:
    """Forget the draft: what is published stays."""
    row = _lock(session, service)
    if row is not None:
        session.delete(row)
        audit.record(session, "guide.discard", actor=actor, now=now, subject=("service", service.id))
        session.flush()


def publish_draft(
    session: Session, service: Service, *, based_on: str, actor: Actor, now: datetime, note: str = ""
) -> None:
    """Show the draft to citizens from now on.

    Raises:
        DraftChanged, GuideInvalid: naming every mistake.
    """
    row = _lock(session, service)
    if row is None or mark_of(row.tree) != based_on:
        raise DraftChanged
    publish_guide(session, service, row.tree, actor=actor, now=now, note=note)
    session.delete(row)
    session.flush()


def publish_guide(
    session: Session, service: Service, tree: Tree, *, actor: Actor, now: datetime, note: str = ""
) -> None:
    """Show this tree to citizens from now on; a draft stays as it is.

    Raises:
        GuideInvalid: naming every mistake.
    """
    _lock(session, service)
    read_draft(service, tree)
    guide = session.get(Guide, service.id)
    if guide is not None and guide.tree == tree:
        return
    history.keep_first(session, service, guide, actor=actor, now=now)
    if guide is None:
        session.add(Guide(service_id=service.id, tree=tree))
    else:
        guide.tree = tree
    _published(session, service, tree, actor=actor, now=now, note=note)


def withdraw_guide(session: Session, service: Service, *, actor: Actor, now: datetime) -> None:
    """Ask citizens nothing any more: everybody gets the plain list of materials."""
    _lock(session, service)
    guide = session.get(Guide, service.id)
    if guide is None:
        return
    history.keep_first(session, service, guide, actor=actor, now=now)
    session.delete(guide)
    _published(session, service, None, actor=actor, now=now)


def restore_to_draft(session: Session, service: Service, number: int, *, actor: Actor, now: datetime) -> None:
    """Make an earlier guide the draft, to be looked at and published; raises RevisionUnknown."""
    content = get_revision(session, history.GUIDE, service.code, number).content
    _lock(session, service)
    based_on = get_draft(session, service).mark
    save_draft(session, service, content["tree"] or blank(), based_on=based_on, actor=actor, now=now)


def _published(
    session: Session,
    service: Service,
    tree: dict[str, Any] | None,
    *,
    actor: Actor,
    now: datetime,
    note: str = "",
) -> None:
    history.keep_guide(session, service, tree, actor=actor, now=now, note=note)
    action = "guide.publish" if tree is not None else "guide.withdraw"
    audit.record(session, action, actor=actor, now=now, subject=("service", service.id))
    outbox.emit(session, ServicesSaved(1), now=now)
    session.flush()


def _lock(session: Session, service: Service) -> GuideDraft | None:
    """One editor at a time per service: the draft may not be there to be locked itself."""
    session.execute(select(Service.id).where(Service.id == service.id).with_for_update())
    session.get(Guide, service.id, populate_existing=True)
    return session.get(GuideDraft, service.id, populate_existing=True)


def _material_codes(service: Service) -> set[str]:
    return {str(material["code"]) for material in service.materials}
