"""Kiosks and call screens."""

from marshmallow import fields

from people.permissions import DEVICE_ROLES
from web.api.fields import Asked, At, Choice, Code, Matching, Text, Told, some

_SHOWS = "A screen: empty (the whole hall), zone:CODE or window:3. 叫号屏显示什么。"
_PRINTER = "A kiosk: an address of the own network, `browser`, or empty. 自助机的打印机。"


class DeviceEditSchema(Asked):
    """A kiosk or a call screen."""

    kind = Choice(sorted(DEVICE_ROLES), required=True)
    hall = Code(required=True, metadata={"example": "city-hall"})
    name = Text(60, least=1, required=True, metadata={"example": "自助取号机 1"})


class PairSchema(DeviceEditSchema):
    """The code that the device shows, and where it stands."""

    code = Matching(r"[0-9]{4} ?[0-9]{4}", required=True, metadata={"example": "1234 5678"})
    shows = Text(32, load_default="", metadata={"description": _SHOWS})
    printer = Text(32, load_default="", metadata={"description": _PRINTER})


class DeviceChangeSchema(Asked):
    """What is to be different; what is left out stays."""

    shows = Text(32, metadata={"description": _SHOWS})
    printer = Text(32, metadata={"description": _PRINTER})


class DeviceRowSchema(Told):
    """A device. `withdrawn_at` is empty while its token works."""

    id = some(fields.Integer)
    kind = some()
    hall = some()
    name = some()
    shows = some()
    printer = some()
    enrolled_at = some(At)
    withdrawn_at = some(At, allow_none=True)


class DeviceSchema(DeviceRowSchema):
    """`token` is shown once."""

    token = some()


class DeviceListSchema(Told):
    """The devices of a hall, the oldest first."""

    hall = some()
    devices = some(fields.List, fields.Nested(DeviceRowSchema()))
