"""Where a time is held when not in the hall."""

from marshmallow import fields

from web.api.fields import Told


class HeldElsewhereSchema(Told):
    """Of a time that belongs to a mobile session also the place where to go; not of times in the hall."""

    place_zh = fields.String(metadata={"description": "流动下乡的地点；在大厅办理的没有这一项。"})
    place_en = fields.String()
