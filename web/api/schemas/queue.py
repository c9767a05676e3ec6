"""Tickets, counters at work, the board."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from queueing.counters import PAUSE_REASONS
from queueing.issue import GREEN_REASONS
from queueing.ordering import Track
from queueing.states import TicketState
from web.api.fields import Asked, At, Choice, Code, Flag, Matching, Reference, Text, Told, some
from web.api.schemas.booking import CODE_OR_NOT, LANGUAGES, phone_field
from web.api.schemas.halls import GROUP_CODE


class CheckInSchema(Asked):
    """One of: the reference (QR), the six digits, or the number of the document."""

    reference = Reference()
    code = Matching(CODE_OR_NOT, metadata={"example": "123456"})
    identity = Text(60, least=1)

    @validates_schema
    def check_one(self, data: dict[str, Any], **_options: Any) -> None:
        """Exactly one of them."""
        if len(data) != 1:
            raise ValidationError("Send exactly one of reference, code and identity.")


class IssueSchema(Asked):
    """A number for somebody without a booking. `override`: the duty officer admits on a full day."""

    group = Matching(GROUP_CODE, required=True, metadata={"example": "A"})
    services = fields.List(Code(), load_default=list, validate=validate.Length(max=10))
    track = Choice([Track.WALK_IN.value, Track.GREEN.value, Track.STANDBY.value], load_default="walk_in")
    green_reason = Choice(GREEN_REASONS)
    phone = phone_field()
    language = Choice(LANGUAGES)
    press_id = Text(
        64,
        least=1,
        metadata={"description": "Your id of the press: the same press gets the same ticket. 按键标识。"},
    )
    override = Flag(load_default=False)
    silent = Flag(
        load_default=False,
        metadata={"description": "Shown on screens, told by phone, not called out. 不出声叫号。"},
    )


class TicketAtWorkSchema(Told):
    """How a ticket stands, as staff is told. Minutes and people ahead are null unless it waits.

    `to_counter_number`: it was passed on to this counter and waits for it alone. `line_closed`: it waits, but
    the windows of its line have closed for today (at `closed_at`, where there was a plan): minutes, people
    ahead and the latest time are null, and its owner should ask the staff, or book another day.
    `latest_at`: promised to who came without booking, unless that time will be missed; else estimated.
    """

    label = some()
    hall = some()
    track = some(validate=validate.OneOf([track.value for track in Track]))
    late = some(fields.Boolean)
    state = some(validate=validate.OneOf([state.value for state in TicketState]))
    group = some()
    group_zh = some()
    group_en = some()
    next_groups = some(fields.List, fields.String())
    issued_at = some(At)
    slot_starts_at = some(At, allow_none=True)
    ahead = some(fields.Integer, allow_none=True)
    low_minutes = some(fields.Integer, allow_none=True)
    high_minutes = some(fields.Integer, allow_none=True)
    latest_at = some(At, allow_none=True)
    counter_number = some(fields.Integer, allow_none=True)
    to_counter_number = some(fields.Integer, allow_none=True)
    called_at = some(At, allow_none=True)
    line_closed = some(fields.Boolean)
    closed_at = some(At, allow_none=True)


class GivenTicketSchema(TicketAtWorkSchema):
    """A ticket just given. Its reference is for a device, which prints it; staff gets null."""

    reference = some(allow_none=True)


class TicketSchema(TicketAtWorkSchema):
    """How a ticket stands, as its holder is told; `survey` once it is completed."""

    reference = some()
    survey = some(allow_none=True)


class TransferSchema(Asked):
    """The line that goes on."""

    group = Matching(GROUP_CODE, required=True, metadata={"example": "B"})


class PauseSchema(Asked):
    """Why the counter pauses."""

    reason = Choice(PAUSE_REASONS, required=True)


class CounterTicketSchema(Told):
    """The ticket at a counter."""

    label = some()
    state = some()


class CounterNowSchema(Told):
    """A counter now."""

    number = some(fields.Integer)
    state = some(validate=validate.OneOf(["open", "paused", "closed"]))
    pause_reason = some(allow_none=True)
    groups = some(fields.List, fields.String())
    ticket = some(fields.Nested, CounterTicketSchema(), allow_none=True)


class CounterListSchema(Told):
    """The hall's counters now, by number."""

    counters = some(fields.List, fields.Nested(CounterNowSchema()))


class CalledSchema(Told):
    """Who was called and why; null when nobody waits."""

    ticket = some(fields.Nested, TicketAtWorkSchema(), allow_none=True)
    reason_zh = some(allow_none=True)
    reason_en = some(allow_none=True)


class BoardCallSchema(Told):
    """A line of the screen; `last_called_at` grows with each repetition."""

    label = some()
    booked = some(fields.Boolean)
    counter_number = some(fields.Integer)
    called_at = some(At)
    last_called_at = some(At)
    group_name_zh = some()
    group_name_en = some()
    serving = some(fields.Boolean)
    room = some(allow_none=True)
    silent = some(fields.Boolean, metadata={"description": "Show it and do not say it. 只显示，不出声。"})


class BoardLineSchema(Told):
    """How many wait in a line. `closed`: its windows have closed for today, and somebody still waits."""

    letter = some()
    name_zh = some()
    name_en = some()
    count = some(fields.Integer)
    closed = some(fields.Boolean)


class BoardSchema(Told):
    """What the hall's screens show. `version` changes when anything on it does.

    The calls are the last seven, or all that nobody answered yet when these are more.
    """

    hall = some()
    version = some()
    calls = some(fields.List, fields.Nested(BoardCallSchema()))
    waiting = some(fields.List, fields.Nested(BoardLineSchema()))
