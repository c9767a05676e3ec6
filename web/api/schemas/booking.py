"""Holds, phone codes, appointments."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from booking.hold import HoldSlot
from booking.states import AppointmentState
from people.identity import IdentityKind
from people.saved_persons import Relation
from web.api.fields import Answers, Asked, At, Choice, Code, Matching, Moment, Reference, Text, Told, some
from web.api.schemas.places import place_en, place_zh

LANGUAGES = ("zh", "en")
CODE_OR_NOT = "[0-9]{6}"


def phone_field(**options: Any) -> Text:
    """A phone as people type it; `kernel.phone` judges it."""
    return Text(
        40,
        least=1,
        metadata={"description": "E.164 or 11 digits. 手机号。", "example": "13800138000"},
        **options,
    )


class HoldSchema(Asked):
    """The slot that a citizen has chosen."""

    hall = Code(required=True, metadata={"example": "city-hall"})
    services = fields.List(
        Code(),
        required=True,
        validate=validate.Length(min=1, max=10),
        metadata={"example": ["id-card-renewal"]},
    )
    starts_at = Moment(required=True)
    answers = Answers()
    previous_token = Reference(metadata={"description": "A hold that this one replaces. 将被替换的占号。"})

    @post_load
    def make(self, data: dict[str, Any], **_options: Any) -> HoldSlot:
        """The command."""
        return HoldSlot(
            hall_code=data["hall"],
            service_codes=tuple(data["services"]),
            starts_at=data["starts_at"],
            answers=data["answers"],
            previous_token=data.get("previous_token"),
        )


class HeldSchema(Told):
    """Numbers are kept until `held_until`; `token` is the only key to them."""

    token = some()
    hall = some()
    starts_at = some(At)
    ends_at = some(At)
    held_until = some(At)
    place_zh = place_zh()
    place_en = place_en()


class KeepHoldSchema(Asked):
    """Who stands for a hold; nothing where a cookie of ours comes with the request."""

    phone_token = Text(400, least=1)


class PhoneCodeRequestSchema(Asked):
    """The phone that gets a one-time code."""

    phone = phone_field(required=True)
    language = Choice(LANGUAGES)
    hall = Code(metadata={"description": "The hall that pays for it. 占用该大厅的短信额度。"})


class PhoneCodeSentSchema(Told):
    """The code is on its way."""

    expires_at = some(At)


class PhoneCodeCheckSchema(Asked):
    """The code as it was read."""

    phone = phone_field(required=True)
    code = Matching(CODE_OR_NOT, required=True, metadata={"example": "123456"})


class PhoneTokenSchema(Told):
    """Proof for half an hour that the phone is yours."""

    phone_token = some()
    expires_at = some(At)


class DeliverySchema(Asked):
    """Where the result is posted to; only where every service of the visit has `by_post`."""

    receiver = Text(60, least=1, required=True, metadata={"example": "张三"})
    phone = phone_field(required=True)
    address = Text(120, least=5, required=True, metadata={"example": "云州市安民路 8 号"})
    postcode = Matching("[0-9]{6}|", load_default="", metadata={"example": "100000"})


class BookSchema(Asked):
    """Who books what is held: name and document, or somebody saved for this phone."""

    hold_token = Reference(required=True)
    saved_person = Reference(metadata={"description": "In place of name and document. 代替姓名和证件。"})
    name = Text(60, least=1, metadata={"example": "张三"})
    identity_kind = Choice([kind.value for kind in IdentityKind])
    identity_number = Text(60, least=1, metadata={"example": "EZ3333333"})
    phone_token = Text(400, least=1, required=True)
    language = Choice(LANGUAGES)
    delivery = fields.Nested(DeliverySchema)

    @validates_schema
    def _somebody(self, data: dict[str, Any], **_options: Any) -> None:
        """Either way, and not both."""
        typed = [name for name in ("name", "identity_kind", "identity_number") if name in data]
        if "saved_person" in data:
            if typed:
                raise ValidationError("Is already said by saved_person.", typed[0])
            return
        for name in ("name", "identity_kind", "identity_number"):
            if name not in data:
                raise ValidationError("Missing data for required field.", name)


class PhoneProofSchema(Asked):
    """Whose phone it is."""

    phone_token = Text(400, least=1, required=True)


class SavePersonSchema(PhoneProofSchema):
    """Somebody to be kept, who agreed to it."""

    name = Text(60, least=1, required=True, metadata={"example": "张三"})
    identity_kind = Choice([kind.value for kind in IdentityKind], required=True)
    identity_number = Text(60, least=1, required=True, metadata={"example": "EZ3333333"})
    relation = Choice([each.value for each in Relation])


class SavedPersonSchema(Told):
    """Somebody kept for a phone, masked: 张*, 110*************2X."""

    reference = some()
    relation = some(validate=validate.OneOf([each.value for each in Relation]))
    name = some()
    identity_kind = some(validate=validate.OneOf([kind.value for kind in IdentityKind]))
    number = some()


class LegSchema(Told):
    """One line of a visit that passes several."""

    group = some()
    services = some(fields.List, fields.String())
    starts_at = some(At)


class AppointmentSchema(Told):
    """A booked visit. `code` is for the kiosk; `reference` is the key to everything about it: a secret.

    `legs` are the lines it passes, in order, where there are several. `undone` are the services that were
    left when such a visit ended before its last line. A cancellation can be taken back until `undo_until`.
    """

    reference = some()
    code = some()
    state = some(validate=validate.OneOf([state.value for state in AppointmentState]))
    hall = some()
    hall_zh = some()
    hall_en = some()
    group = some()
    services = some(fields.List, fields.String())
    on = some(fields.Date)
    starts_at = some(At)
    ends_at = some(At)
    place_zh = place_zh()
    place_en = place_en()
    booked_at = some(At)
    legs = some(fields.List, fields.Nested(LegSchema()))
    undone = some(fields.List, fields.String())
    undo_until = some(At, allow_none=True)
    ticket = some(allow_none=True)


class RescheduleSchema(Asked):
    """The hold of the new time, in the same hall and line."""

    hold_token = Reference(required=True)
