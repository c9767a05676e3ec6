"""Rate a visit by its page: five grades in words, once."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from feedback.grades import GRADES, REASONS
from feedback.models import Rating, Survey
from feedback.queries import find_rating, get_survey
from feedback.rate import AlreadyRated, RatingInvalid, SurveyOver, rate
from halls.models import Hall
from halls.queries import get_hall_by_id
from web import edge
from web.citizen.face import blueprint
from web.guards import public
from web.limits import limit_tries

TRIES = "30/minute"


def _read(reference: str) -> tuple[Survey, Rating | None, Hall]:
    with edge.transaction() as session:
        survey = get_survey(session, reference)
        return survey, find_rating(session, survey), get_hall_by_id(session, survey.hall_id)


@blueprint.get("/r/<reference>")
@public
def survey(reference: str) -> ResponseReturnValue:
    """The question; or thanks, when it was answered; or that the time is over."""
    asked, given, hall = _read(reference)
    if given is not None:
        return render_template("citizen/rated.html", hall=hall, survey=asked, grade=_grade_words(given.grade))
    if asked.expires_at <= edge.now():
        return render_template("citizen/rating_over.html", hall=hall), 410
    return _page(asked, hall, {}, {})


@blueprint.post("/r/<reference>")
@public
@limit_tries(TRIES, of=lambda: request.path)
def submit_survey(reference: str) -> ResponseReturnValue:
    """Keep the rating; a second one meets the first one's thanks."""
    asked, _given, hall = _read(reference)
    chosen = request.form.get("grade", "")
    grade = int(chosen) if chosen in {str(known) for known in GRADES} else 0
    try:
        _rate(reference, grade)
    except RatingInvalid:
        return _page(asked, hall, request.form.to_dict(), _errors(grade)), 422
    except (AlreadyRated, SurveyOver):
        pass  # the page says so
    return redirect(url_for(".survey", reference=reference), 303)


def _rate(reference: str, grade: int) -> None:
    with edge.transaction() as session:
        asked = get_survey(session, reference)
        rate(
            session,
            asked,
            grade=grade,
            via="page" if asked.channel == "sms" else "qr",
            now=edge.now(),
            reasons=request.form.getlist("reasons"),
            comment=request.form.get("comment", ""),
            contact_by_handler=request.form.get("not_handler") != "1",
        )


def _errors(grade: int) -> dict[str, str]:
    if not grade:
        return {"grade": _("请选择一个评价。")}
    return {"comment": _("留言请不超过 500 字。")}


def _grade_words(grade: int) -> str:
    return GRADES[grade][edge.language() == "en"]


def _page(asked: Survey, hall: Hall, form: dict[str, str], errors: dict[str, str]) -> str:
    which = edge.language() == "en"
    return render_template(
        "citizen/rate.html",
        survey=asked,
        hall=hall,
        form=form,
        chosen=request.form.getlist("reasons"),
        errors=errors,
        grades=[(grade, words[which]) for grade, words in GRADES.items()],
        reasons=[(code, words[which]) for code, words in REASONS.items()],
        here=url_for(".survey", reference=asked.reference),
    )
