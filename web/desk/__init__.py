"""The follow-up desk: every bad rating is answered within its time."""

from collections.abc import Mapping
from datetime import date

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from feedback.case_figures import count_cases
from feedback.case_list import CaseRow, list_cases, view_case
from feedback.extend import EXTENDED_DAYS, extend_case, may_extend
from feedback.grades import EXTENSIONS, GRADES, REASONS
from feedback.handle import (
    OUTCOMES,
    TRIES,
    close_case,
    due_on,
    get_case,
    is_overdue,
    note_contact,
    note_of,
)
from feedback.models import FollowUpCase
from halls.models import Hall
from halls.queries import list_halls
from kernel.errors import DomainError
from web import edge
from web.citizen import words
from web.console.once import Said, once
from web.duty.face import my_hall
from web.guards import staff_only
from web.problems import status_of

blueprint = Blueprint("desk", __name__, url_prefix="/desk")
CLOSED_SHOWN = 20


@blueprint.get("/")
@staff_only("case.work")
def home() -> ResponseReturnValue:
    """What is open, the first due first, and what was closed lately."""
    may = edge.actor().may
    with edge.transaction() as session:
        halls = {hall.id: hall for hall in list_halls(session) if may("case.work", hall.id)}
        waiting = list_cases(session, halls, closed=False)
        done = list_cases(session, halls, closed=True, limit=CLOSED_SHOWN)
        figures = count_cases(session, halls, now=edge.now())
    late = {row.case.id for row in waiting if is_overdue(row.case, today=_today(row.hall))}
    return render_template("desk/home.html", waiting=waiting, done=done, late=late, figures=figures)


@blueprint.get("/<hall_code>/cases/<reference>")
@staff_only("case.work")
def case(hall_code: str, reference: str) -> ResponseReturnValue:
    """One case: what was said, whom to call, and the answer."""
    return _page(hall_code, reference)


@blueprint.post("/<hall_code>/cases/<reference>")
@staff_only("case.work")
def answer_case(hall_code: str, reference: str) -> ResponseReturnValue:
    """Reached, not reached, given more time, or closed with an answer; the same press twice counts once."""
    try:
        category, sentence = once(lambda session: _step(session, hall_code, reference))
    except DomainError as refusal:
        flash(refusal.sentence(edge.language()), "bad")
        return _page(hall_code, reference), status_of(refusal)
    flash(sentence, category)
    if request.form.get("do") == "close":
        return redirect(url_for(".home"), 303)
    return redirect(url_for(".case", hall_code=hall_code, reference=reference), 303)


def _step(session: Session, hall_code: str, reference: str) -> Said:
    hall = my_hall(session, hall_code, "case.work")
    found, by = get_case(session, reference, hall_id=hall.id), edge.actor()
    if request.form.get("do") == "close":
        outcome, note = request.form.get("outcome", ""), request.form.get("note", "")
        close_case(session, found, outcome=outcome, note=note, actor=by, now=edge.now())
        return "ok", _("已办结。")
    if request.form.get("do") == "extend":
        extend_case(session, found, reason=request.form.get("reason", ""), actor=by, now=edge.now())
        return "ok", _("已延期，请告诉本人几时答复。")
    reached = request.form.get("do") == "reached"
    note_contact(session, found, reached=reached, actor=by, now=edge.now())
    return "ok", _("已记下：联系到本人。") if reached else _("已记下：没有接通。请换一天再联系。")


def _page(hall_code: str, reference: str) -> str:
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "case.work")
        found = get_case(session, reference, hall_id=hall.id)
        view = view_case(session, found, actor=edge.actor(), now=edge.now())
    return render_template(
        "desk/case.html",
        view=view,
        hall=hall,
        late=is_overdue(found, today=_today(hall)),
        extensions=_in_words(EXTENSIONS) if _may_extend(found, hall) else [],
        extended=EXTENSIONS.get(found.facts.get("extended", ""), ("", ""))[edge.language() == "en"],
        extended_days=EXTENDED_DAYS,
        note=note_of(found),
        outcomes=_in_words(OUTCOMES),
        tries=TRIES,
        here=url_for(".case", hall_code=hall_code, reference=reference),
    )


def _may_extend(found: FollowUpCase, hall: Hall) -> bool:
    return may_extend(found, actor=edge.actor(), now=edge.now(), zone=hall.time_zone)


def _in_words(choices: Mapping[str, tuple[str, str]]) -> list[tuple[str, str]]:
    return [(code, pair[edge.language() == "en"]) for code, pair in choices.items()]


def _today(hall: Hall) -> date:
    return edge.today(hall.time_zone)


def _grade(row: CaseRow) -> str:
    return GRADES[row.rating.grade][edge.language() == "en"]


def _reasons(row: CaseRow) -> str:
    english = edge.language() == "en"
    return str(_("、")).join(REASONS[code][english] for code in row.rating.reasons if code in REASONS)


@blueprint.context_processor
def _words() -> dict[str, object]:
    shared = {"day": words.day, "hour": words.hour, "due_on": due_on, "today_in": _today}
    return {**shared, "grade": _grade, "reasons": _reasons}


def register(app: Flask) -> None:
    """Add the desk."""
    app.register_blueprint(blueprint)
