"""Signing in, accounts, the clock, the deep check, the SMS simulator."""

from marshmallow import fields, validate

from people.permissions import STAFF_ROLES
from web.api.fields import Amount, Asked, At, Choice, Code, Matching, Moment, Text, Told, Whole, some
from web.api.schemas.booking import phone_field

FASTEST = 3600
MOST_MESSAGES = 1000


class SignInSchema(Asked):
    """Who signs in."""

    username = Text(40, least=1, required=True, metadata={"example": "admin"})
    password = Text(200, least=1, required=True)


class TokenSchema(Told):
    """Send it as `Authorization: Bearer …`; `expires_at` is real time, also in a demonstration."""

    token = some()
    expires_at = some(At)
    name = some()
    permissions = some(fields.List, fields.String())
    halls = some(fields.List, fields.String(), allow_none=True)


class StaffEditSchema(Asked):
    """Someone to be added; without `halls` they work in all of them."""

    username = Matching(r"[A-Za-z0-9][A-Za-z0-9._-]{1,39}", required=True, metadata={"example": "li.ming"})
    name = Text(60, least=1, required=True, metadata={"example": "李明"})
    password = Text(200, least=10, required=True)
    roles = fields.List(
        Choice(sorted(STAFF_ROLES)),
        required=True,
        validate=validate.Length(min=1, max=len(STAFF_ROLES)),
        metadata={"example": ["officer"]},
    )
    halls = fields.List(Code(), validate=validate.Length(min=1, max=200))
    badge = Text(20, load_default="")


class StaffSchema(Told):
    """An account."""

    username = some()
    name = some()
    roles = some(fields.List, fields.String())


class ClockSchema(Told):
    """Business time, and how fast it runs (1 outside demonstrations)."""

    now = some(At)
    rate = some(fields.Float)
    demo = some(fields.Boolean)


class ClockEditSchema(Asked):
    """Where the demonstration clock goes on and how fast it runs; 0 stands still."""

    now = Moment(metadata={"description": "Where it is, unless given. 不填则从当前时刻继续。"})
    rate = Amount(0, FASTEST, required=True, metadata={"example": 120})


class CheckupSchema(Asked):
    """Counts of one hall, or of all."""

    hall = Code()


class ViolationSchema(Told):
    """A broken promise of the data."""

    rule = some()
    subject = some()
    detail = some()


class FindingsSchema(Told):
    """The deep check; `violations` is empty when all promises hold. `counts`: thing → state → how many."""

    violations = some(fields.List, fields.Nested(ViolationSchema()))
    counts = some(fields.Dict, keys=fields.String(), values=fields.Dict())


class MessageQuerySchema(Asked):
    """Which messages."""

    after = Whole(
        0, 2**62, in_query=True, load_default=0, metadata={"description": "Only with a greater id."}
    )
    limit = Whole(1, MOST_MESSAGES, in_query=True, load_default=100)


class PhoneMessagesSchema(Asked):
    """The phone whose messages are looked up; it stays out of the address."""

    phone = phone_field(required=True)
    limit = Whole(1, MOST_MESSAGES, load_default=50)


class MessageSchema(Told):
    """An SMS on a phone. `at` is real time."""

    id = some(fields.Integer)
    phone = some()
    text = some()
    at = some(At)
    from_citizen = some(fields.Boolean)


class MessageListSchema(Told):
    """Messages."""

    messages = some(fields.List, fields.Nested(MessageSchema()))


class ReplySchema(Asked):
    """An answer as its owner would type it."""

    phone = phone_field(required=True)
    text = Text(1000, least=1, required=True, metadata={"example": "5"})


class ReplyReceivedSchema(Told):
    """Taken in; it is understood a moment later."""

    id = some(fields.Integer)
