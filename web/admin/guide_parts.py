"""The forms of a guide's parts: a question with its answers, a situation with its papers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from catalog import guide_edit
from catalog.guide_drafts import Draft
from catalog.known_papers import papers_to_lack
from catalog.models import Service
from kernel.errors import DomainError
from web import edge, problems
from web.admin import entry
from web.admin.guides import keep, opened
from web.guards import staff_only

MOST_OPTIONS = 20
_SPARE = 2
_QUESTION = ("text_zh", "text_en", "help_zh", "help_en", "code")
_SITUATION = ("name_zh", "name_en", "note_zh", "note_en", "code")
_ROW = {"was": "was", "code": "code", "text_zh": "zh", "text_en": "en", "next": "next"}


@dataclass(frozen=True, slots=True)
class Opened:
    """A service and its draft; `part` is the code of what is edited, None for something new."""

    service: Service
    draft: Draft
    part: str | None


def _open(code: str, part: str | None) -> Opened:
    with edge.transaction() as session:
        return Opened(*opened(session, code), part)


@staff_only("catalog.edit")
def new_question(code: str) -> Any:
    """An empty question."""
    return _question_form(_open(code, None), {"options": []})


@staff_only("catalog.edit")
def question(code: str, part: str) -> Any:
    """One question with its answers."""
    what = _open(code, part)
    return _question_form(what, guide_edit.get_part(what.draft.tree, "questions", part))


def _question_form(what: Opened, data: dict[str, Any], error: DomainError | None = None) -> Any:
    rows = [{**option, "was": option.get("was", option.get("code"))} for option in data["options"]]
    rows += [{}] * max(_SPARE, 3 - len(rows))
    later = [
        (each["code"], each.get("text_zh") or each["code"])
        for each in what.draft.tree["questions"]
        if each["code"] != what.part
    ]
    gone = {row.get("next") for row in rows} - {code for code, _name in later} - {None, ""}
    later += [(code, _("（已删除）%(code)s", code=code)) for code in sorted(map(str, gone))]
    facts = {"rows": rows[:MOST_OPTIONS], "later": [("", _("问完了，给出材料清单")), *later]}
    return _answer("admin/question.html", what, data, error, **facts)


def _answer(
    template: str, what: Opened, data: dict[str, Any], error: DomainError | None, **facts: Any
) -> Any:
    """The form, as it was typed when it was refused: on the draft that it was opened on."""
    errors = entry.mistakes(error) if error else {}
    mark = entry.text("mark") or what.draft.mark
    about = {"service": what.service, "part": what.part, "data": data, "errors": errors, "mark": mark}
    page = render_template(template, **about, **facts)
    return (page, problems.status_of(error)) if error else page


def _typed_question() -> dict[str, Any]:
    options = []
    for at in range(MOST_OPTIONS):
        row = {name: entry.text(f"o{at}-{field}") for name, field in _ROW.items()}
        if f"o{at}-gone" not in request.form and any(row[name] for name in ("text_zh", "text_en", "code")):
            options.append(row)
    return {**entry.texts(_QUESTION), "options": options}


@staff_only("catalog.edit")
def add_question(code: str) -> Any:
    """One more question, at the end."""
    return _save(code, "questions", None, _typed_question(), _question_form)


@staff_only("catalog.edit")
def save_question(code: str, part: str) -> Any:
    """Write a question; whatever names it follows a new code."""
    return _save(code, "questions", part, _typed_question(), _question_form)


def _save(code: str, kind: str, part: str | None, values: dict[str, Any], form: Any) -> Any:
    who = edge.require_everywhere("catalog.edit")
    put = guide_edit.put_question if kind == "questions" else guide_edit.put_situation
    try:
        with edge.transaction() as session:
            service, draft = opened(session, code)
            keep(session, service, put(draft.tree, part, values), who=who)
    except DomainError as error:
        return form(_open(code, part), values, error)
    flash(_("草稿已保存。"), "ok")
    return redirect(url_for("admin.guide", code=code), 303)


@staff_only("catalog.edit")
def new_situation(code: str) -> Any:
    """An empty situation."""
    return _situation_form(_open(code, None), {"when": {}, "materials": []})


@staff_only("catalog.edit")
def situation(code: str, part: str) -> Any:
    """One situation: the answers it holds for, and the papers it needs."""
    what = _open(code, part)
    return _situation_form(what, guide_edit.get_part(what.draft.tree, "situations", part))


def _situation_form(what: Opened, data: dict[str, Any], error: DomainError | None = None) -> Any:
    needs = data.get("materials", [])
    known = {material["code"]: material for material in what.service.materials}
    order = [need["code"] for need in needs]
    codes = [*order, *(code for code in known if code not in order)]
    papers = [(known.get(code, {"code": code, "name_zh": code}), _need(needs, code)) for code in codes]
    fee = data.get("fee_fen")
    facts = {
        "papers": papers,
        "lackable": _lackable(what.service, data.get("lacks") or []),
        "questions": what.draft.tree["questions"],
        "fee": "" if fee is None else entry.yuan_text(fee),
    }
    return _answer("admin/situation.html", what, data, error, **facts)


def _lackable(service: Service, named: Sequence[str]) -> list[tuple[str, str]]:
    """The papers that may be out of reach, by name; one that no service asks for is called by its code."""
    with edge.transaction() as session:
        known = papers_to_lack(session, service, named)
    gone = [(code, code) for code in named if code not in known]
    return [*((code, names[edge.language() == "en"]) for code, names in known.items()), *gone]


def _need(needs: list[dict[str, Any]], code: str) -> dict[str, Any]:
    for at, need in enumerate(needs, 1):
        if need["code"] == code:
            return {**need, "at": at}
    return {}


def _typed_situation() -> dict[str, Any]:
    form = request.form
    asked = [name.replace("\0", "") for name in form if name.startswith("when-")]
    when = {name.removeprefix("when-"): ticked for name in asked if (ticked := entry.chosen(name))}
    codes = entry.chosen("paper")
    codes.sort(key=lambda code: entry.text(f"at-{code}").zfill(4))
    needs = [
        {"code": code, "why_zh": entry.text(f"why-zh-{code}"), "why_en": entry.text(f"why-en-{code}")}
        for code in codes
    ]
    values: dict[str, Any] = {**entry.texts(_SITUATION), "when": when, "materials": needs}
    values["minutes"] = entry.whole("minutes") if entry.text("minutes") else None
    values["fee_fen"] = entry.fen("fee") if entry.text("fee") else None
    values["synonyms"] = entry.words("synonyms")
    values["lacks"] = entry.chosen("lacks")
    return values


@staff_only("catalog.edit")
def add_situation(code: str) -> Any:
    """One more situation, at the end."""
    return _save(code, "situations", None, _typed_situation(), _situation_form)


@staff_only("catalog.edit")
def save_situation(code: str, part: str) -> Any:
    """Write a situation."""
    return _save(code, "situations", part, _typed_situation(), _situation_form)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    base = "/guides/<code>"
    post = ["POST"]
    blueprint.add_url_rule(f"{base}/questions/new", "question_new", new_question)
    blueprint.add_url_rule(f"{base}/questions/new", "question_add", add_question, methods=post)
    blueprint.add_url_rule(f"{base}/questions/<part>", "question", question)
    blueprint.add_url_rule(f"{base}/questions/<part>", "question_save", save_question, methods=post)
    blueprint.add_url_rule(f"{base}/situations/new", "situation_new", new_situation)
    blueprint.add_url_rule(f"{base}/situations/new", "situation_add", add_situation, methods=post)
    blueprint.add_url_rule(f"{base}/situations/<part>", "situation", situation)
    blueprint.add_url_rule(f"{base}/situations/<part>", "situation_save", save_situation, methods=post)
