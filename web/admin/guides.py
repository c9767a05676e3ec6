"""Guides: the draft of a service's questions and situations, what is wrong with it, a walk through it."""

import re
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog import guide_drafts, guide_edit
from catalog.guide import checklist, format_answers, parse_answers, walk
from catalog.guide_drafts import Draft
from catalog.guide_file import GuideInvalid
from catalog.models import Guide, GuideDraft, Service
from catalog.queries import list_all_services, materials_of
from catalog.restore import find_any_service
from kernel.data_file import Problem
from web import edge
from web.admin import entry
from web.guards import staff_only

_PART = re.compile(r"(questions|situations)\[(\d+)\](?:\.(.*))?")
_STEP = re.compile(r"(\w+)(?:\[(\d+)\])?")


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake of a draft: where, what, and the form that puts it right ("" when it is the whole)."""

    place: str
    what: str
    url: str


@staff_only("catalog.edit")
def home() -> Any:
    """All services with the state of their guide."""
    with edge.transaction() as session:
        services = list_all_services(session)
        trees = {row.service_id: row.tree for row in session.scalars(select(Guide))}
        drafts = {row.service_id: row for row in session.scalars(select(GuideDraft))}
    services.sort(key=lambda row: (row.id not in drafts, row.id not in trees))
    return render_template("admin/guides.html", services=services, trees=trees, drafts=drafts)


@staff_only("catalog.edit")
def show(code: str) -> Any:
    """One guide: its parts, what is wrong with them, and what can be done."""
    with edge.transaction() as session:
        service = find_any_service(session, code)
        draft = guide_drafts.get_draft(session, service)
        found = guide_drafts.problems_of(service, draft.tree)
    faults = [fault_of(code, draft.tree, problem) for problem in found] if draft.begun else []
    return render_template(
        "admin/guide.html",
        service=service,
        draft=draft,
        tree=draft.tree,
        faults=faults,
        everywhere=edge.actor().everywhere,
    )


def fault_of(code: str, tree: guide_edit.Tree, problem: Problem) -> Fault:
    """A mistake in words: which question or situation, and which part of it."""
    what = problem.en if edge.language() == "en" else problem.zh
    part = _PART.match(problem.key)
    if part is None:
        return Fault(entry.label(problem.key), what, "")
    kind, at, rest = part[1], int(part[2]), part[3] or ""
    row = tree[kind][at - 1]
    name = row.get("text_zh") or row.get("name_zh") or row.get("code", "")
    steps = [entry.label(step) + (f" {n}" if n else "") for step, n in _STEP.findall(rest)]
    words = _("问题“%(name)s”", name=name) if kind == "questions" else _("情形“%(name)s”", name=name)
    point = "admin.question" if kind == "questions" else "admin.situation"
    url = url_for(point, code=code, part=row["code"])
    return Fault(" › ".join([str(words), *steps]), what, url)


@staff_only("catalog.edit")
def preview(code: str) -> Any:
    """Walk through the draft as a citizen would: answers are in the address."""
    with edge.transaction() as session:
        service = find_any_service(session, code)
        draft = guide_drafts.get_draft(session, service)
    try:
        tree = guide_drafts.read_draft(service, draft.tree)
    except GuideInvalid:
        flash(_("草稿还有问题，改正后才能预览。"), "warn")
        return redirect(url_for("admin.guide", code=code), 303)
    step = walk(tree, parse_answers(request.args.get("a", "")[:1000]))
    facts: dict[str, Any] = {"service": service, "step": step, "back": format_answers(step.answers[:-1])}
    if step.situation is not None:
        return render_template(
            "admin/preview.html", items=checklist(step.situation, materials_of(service)), **facts
        )
    options = [
        (option, format_answers((*step.answers, (step.question.code, option.code))))
        for option in (step.question.options if step.question else ())
        if step.question
    ]
    return render_template("admin/preview.html", options=options, **facts)


@staff_only("catalog.edit")
def publish(code: str) -> Any:
    """Show the draft to citizens; refused, with every mistake on the guide's page, while it has any."""
    who, note = edge.require_everywhere("catalog.edit"), entry.text("note")[:200]
    try:
        with edge.transaction() as session:
            service = find_any_service(session, code)
            mark = entry.text("mark")
            guide_drafts.publish_draft(session, service, based_on=mark, actor=who, now=edge.now(), note=note)
    except GuideInvalid:
        flash(_("草稿还有问题，没有发布。请按下面的清单逐条改正。"), "bad")
    else:
        flash(_("已发布，群众立即可见。"), "ok")
    return redirect(url_for("admin.guide", code=code), 303)


@staff_only("catalog.edit")
def drop(code: str) -> Any:
    """Forget the draft, or with `do=withdraw` take the published guide away from citizens."""
    who = edge.require_everywhere("catalog.edit")
    use = guide_drafts.withdraw_guide if request.form.get("do") == "withdraw" else guide_drafts.discard_draft
    with edge.transaction() as session:
        use(session, find_any_service(session, code), actor=who, now=edge.now())
    flash(_("已保存。"), "ok")
    return redirect(url_for("admin.guide", code=code), 303)


@staff_only("catalog.edit")
def change(code: str, kind: str, part: str) -> Any:
    """Move a question or situation, take it away, or ask it first: `do` says which."""
    who, do = edge.require_everywhere("catalog.edit"), request.form.get("do", "")
    if kind not in {"questions", "situations"}:
        raise guide_edit.GuidePartUnknown
    with edge.transaction() as session:
        service, draft = opened(session, code)
        if do == "remove":
            tree = guide_edit.remove(draft.tree, kind, part)
        elif do == "start":
            tree = guide_edit.start_with(draft.tree, part)
        else:
            tree = guide_edit.move(draft.tree, kind, part, 1 if do == "down" else -1)
        keep(session, service, tree, who=who)
    flash(_("草稿已保存。"), "ok")
    return redirect(url_for("admin.guide", code=code), 303)


def opened(session: Session, code: str) -> tuple[Service, Draft]:
    """A service and the draft of its guide; raises ServiceUnknown."""
    service = find_any_service(session, code)
    return service, guide_drafts.get_draft(session, service)


def keep(session: Session, service: Service, tree: guide_edit.Tree, *, who: Any) -> None:
    """Save the draft, if nobody else did since the page was opened; raises DraftChanged."""
    mark = entry.text("mark")
    guide_drafts.save_draft(session, service, tree, based_on=mark, actor=who, now=edge.now())


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    base = "/guides/<code>"
    blueprint.add_url_rule("/guides", "guides", home)
    blueprint.add_url_rule(base, "guide", show)
    blueprint.add_url_rule(f"{base}/preview", "guide_preview", preview)
    blueprint.add_url_rule(f"{base}/publish", "guide_publish", publish, methods=["POST"])
    blueprint.add_url_rule(f"{base}/drop", "guide_drop", drop, methods=["POST"])
    blueprint.add_url_rule(f"{base}/<kind>/<part>/change", "guide_change", change, methods=["POST"])
