"""Bookings that staff make for somebody at the counter."""

from marshmallow import fields, validate

from booking.book_by_staff import EXCEPTIONS, REASONS
from people.identity import IdentityKind
from web.api.fields import Asked, At, Choice, Code, Flag, Moment, Text, Told, some
from web.api.schemas.booking import LANGUAGES, phone_field

CHANNELS = ("online", "walk_in", "duty")


class BookForSomebodySchema(Asked):
    """Whom staff book for, and why. Channels are tried in the order given; duty needs an exception."""

    services = fields.List(
        Code(),
        required=True,
        validate=validate.Length(min=1, max=10),
        metadata={"example": ["id-card-renewal"]},
    )
    starts_at = Moment(required=True)
    name = Text(60, least=1, required=True, metadata={"example": "张三"})
    identity_kind = Choice([kind.value for kind in IdentityKind], required=True)
    identity_number = Text(60, least=1, required=True, metadata={"example": "EZ3333333"})
    phone = phone_field()
    language = Choice(LANGUAGES)
    reason = Choice(REASONS, required=True)
    channels = fields.List(Choice(CHANNELS), validate=validate.Length(min=1, max=3))
    exception = Choice(EXCEPTIONS)
    despite_standing = Flag(metadata={"description": "Also for somebody suspended or over the limit."})


class BookedForSomebodySchema(Told):
    """What to write down for them; the page of an appointment is the citizen's own."""

    code = some()
    hall = some()
    group = some(metadata={"description": "The first line, and the only one unless there are several."})
    groups = some(fields.List, fields.String(), metadata={"description": "The lines that the visit passes."})
    starts_at = some(At)
    ends_at = some(At)
