"""Appeals for documents that others used."""

from marshmallow import fields

from people.identity import IdentityKind
from web.api.fields import At, Choice, Code, Text, Told, some
from web.api.schemas.booking import LANGUAGES, PhoneProofSchema
from web.api.schemas.exceptions import AppealedSchema, words


class AskForDocumentSchema(PhoneProofSchema):
    """Whose document others used, where one wants to book, and what happened."""

    hall = Code(required=True, metadata={"example": "city-hall"})
    identity_kind = Choice([kind.value for kind in IdentityKind], required=True)
    identity_number = Text(60, least=1, required=True, metadata={"example": "EZ3333333"})
    reason = words(required=True, metadata={"example": "别人用我的身份证预约后没有来。"})
    language = Choice(LANGUAGES)


class DocumentAppealedSchema(AppealedSchema):
    """An appeal as the phone that made it sees it; `answer` is null until it is decided."""


class DocumentAppealOfHallSchema(AppealedSchema):
    """As whoever decides sees it: document and phone masked, and what is on record at this moment."""

    reason = some()
    identity_kind = some()
    identity_number = some()
    phone = some()
    missed_here = some(fields.List, At(), metadata={"description": "By other phones. 其他手机号的爽约。"})
    missed_elsewhere = some(fields.Integer)
    missed_by_this_phone = some(fields.Integer)
    open_by_others = some(fields.Integer)
    suspended_until = some(At, allow_none=True)


class DocumentAppealListSchema(Told):
    """Appeals of a hall."""

    appeals = some(fields.List, fields.Nested(DocumentAppealOfHallSchema()))
