"""The waitlist of a hall as its duty officer reads it."""

from marshmallow import fields

from booking.waitlist_desk import REASONS
from booking.waitlist_states import WaitState
from web.api.fields import Asked, At, Choice, Told, some
from web.api.schemas.places import place_en, place_zh


class TakenOffSchema(Told):
    """An entry and how it stands."""

    id = some(fields.Integer)
    state = some(metadata={"enum": [each.value for each in WaitState]})


class EntryOfHallSchema(TakenOffSchema):
    """Somebody who waits. Their phone is masked; `id` is no reference: nobody takes a number with it."""

    place = some(
        fields.Integer,
        allow_none=True,
        metadata={"description": "Turn in the line; null while a number is offered. 顺序；留号时为空。"},
    )
    phone = some(metadata={"example": "138****8000"})
    groups = some(fields.List, fields.String())
    services = some(fields.List, fields.String())
    first_on = some(fields.Date)
    last_on = some(fields.Date)
    joined_at = some(At)
    offers = some(fields.Integer)
    offer_starts_at = some(At, allow_none=True)
    place_zh = place_zh()
    place_en = place_en()
    offer_until = some(At, allow_none=True)


class LineOfWaitsSchema(Told):
    """A line where somebody waits or something happened today; a visit of several counts in its first."""

    group = some()
    waiting = some(fields.Integer)
    since = some(
        At, allow_none=True, metadata={"description": "When who waits longest joined. 最早一位的登记时间。"}
    )
    offered = some(fields.Integer, metadata={"description": "Offers that run. 正在留号。"})
    offered_today = some(fields.Integer)
    taken_today = some(fields.Integer)
    lapsed_today = some(fields.Integer)
    left_today = some(fields.Integer)
    entries = some(fields.List, fields.Nested(EntryOfHallSchema()))


class HallWaitlistSchema(Told):
    """The lines of a hall; none where nobody waits and nothing happened today."""

    hall = some()
    lines = some(fields.List, fields.Nested(LineOfWaitsSchema()))


class TakeOffSchema(Asked):
    """Why; one of a list, kept in the audit."""

    reason = Choice(REASONS, required=True)
