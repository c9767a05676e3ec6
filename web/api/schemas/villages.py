"""Mobile sessions as the officers who hold them read them."""

from marshmallow import fields, validate

from booking.states import AppointmentState
from web.api.fields import At, Told, some

_NAME = "The last character of the name; only in the list. 姓名只留最后一个字，仅列表中有。"


class VillageVisitSchema(Told):
    """Who booked in a village. `code` names it; its reference stays with the citizen."""

    code = some(metadata={"example": "123456"})
    state = some(validate=validate.OneOf([state.value for state in AppointmentState]))
    starts_at = some(At)
    ends_at = some(At)
    place_zh = some(metadata={"description": "Where it is held. 流动下乡的地点。"})
    place_en = some(metadata={"description": "Empty where nobody wrote it."})
    checked_in_at = some(At, allow_none=True)
    fulfilled_at = some(At, allow_none=True)
    name = fields.String(metadata={"description": _NAME})


class VillageSchema(Told):
    """One place, and who is booked there today, by time."""

    place_zh = some()
    place_en = some()
    visits = some(fields.List, fields.Nested(VillageVisitSchema()))


class VillagesSchema(Told):
    """The villages of today; none where nobody is booked in any."""

    villages = some(fields.List, fields.Nested(VillageSchema()))
