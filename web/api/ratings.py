"""Ratings (好差评): the reference of the survey is the key; a visit is rated once."""

from collections.abc import Mapping
from typing import Any

from feedback.grades import GRADES, REASONS
from feedback.queries import SurveyUnknown, find_rating, get_survey
from feedback.rate import AlreadyRated, RatingInvalid, SurveyOver, rate
from halls.queries import get_hall_by_id
from web import edge
from web.api import present
from web.api.blueprint import Blueprint, refuses
from web.api.schemas import feedback as shapes
from web.guards import public

blueprint = Blueprint("ratings", __name__, description="How it was. 好差评")


@blueprint.get("/surveys/<reference:reference>")
@public
@refuses(SurveyUnknown)
@blueprint.response(200, shapes.SurveySchema())
def read_survey(reference: str) -> dict[str, Any]:
    """Read the invitation to rate a visit, with the grades and reasons to choose from.

    查询一次办理的评价邀请，以及可选的评价等级和原因。
    """
    with edge.transaction() as session:
        survey = get_survey(session, reference)
        hall = get_hall_by_id(session, survey.hall_id)
        services = present.service_codes(session, survey.service_ids)
        rated = find_rating(session, survey) is not None
    names = {"hall": hall.code, "hall_zh": hall.name_zh, "hall_en": hall.name_en, "services": services}
    facts = {name: getattr(survey, name) for name in ("reference", "visit_on", "expires_at")}
    return {**facts, **names, **WORDS, "rated": rated}


@blueprint.post("/ratings")
@public
@refuses(SurveyUnknown, RatingInvalid, SurveyOver, AlreadyRated)
@blueprint.arguments(shapes.RatingSchema())
@blueprint.response(201, shapes.RatedSchema())
def rate_visit(body: Mapping[str, Any]) -> dict[str, Any]:
    """Rate a visit from 5 (very satisfied) to 1 (very dissatisfied), once.

    评价一次办理：5 非常满意 … 1 非常不满意，只能评价一次。
    """
    wanted = {name: body[name] for name in ("grade", "reasons", "comment", "contact_by_handler")}
    with edge.transaction() as session:
        survey = get_survey(session, body["survey"])
        rating = rate(session, survey, **wanted, via="page", now=edge.now())
        return {"survey": survey.reference, "grade": rating.grade, "answered_at": rating.answered_at}


WORDS = {
    "grades": [{"grade": grade, "zh": zh, "en": en} for grade, (zh, en) in GRADES.items()],
    "reasons": [{"code": code, "zh": zh, "en": en} for code, (zh, en) in REASONS.items()],
}
