"""Surveys and ratings."""

from marshmallow import fields, validate

from feedback.grades import GRADES, REASONS
from web.api.fields import Asked, At, Choice, Flag, Reference, Text, Told, Whole, some


class GradeSchema(Told):
    """A grade in words."""

    grade = some(fields.Integer)
    zh = some()
    en = some()


class ReasonSchema(Told):
    """A reason to choose with a bad grade."""

    code = some()
    zh = some()
    en = some()


class SurveySchema(Told):
    """The invitation of one visit; it can be answered once, until `expires_at`."""

    reference = some()
    hall = some()
    hall_zh = some()
    hall_en = some()
    services = some(fields.List, fields.String())
    visit_on = some(fields.Date)
    expires_at = some(At)
    rated = some(fields.Boolean)
    grades = some(fields.List, fields.Nested(GradeSchema()))
    reasons = some(fields.List, fields.Nested(ReasonSchema()))


class RatingSchema(Asked):
    """The answer: 5 非常满意 … 1 非常不满意."""

    survey = Reference(required=True)
    grade = Whole(min(GRADES), max(GRADES), required=True, metadata={"example": 5})
    reasons = fields.List(Choice(REASONS), load_default=list, validate=validate.Length(max=len(REASONS)))
    comment = Text(500, load_default="")
    contact_by_handler = Flag(
        load_default=True,
        metadata={"description": "False: not by who handled it. 不希望经办人联系时为 false。"},
    )


class RatedSchema(Told):
    """Kept."""

    survey = some()
    grade = some(fields.Integer)
    answered_at = some(At)
