"""Where a time is held when not in the hall."""

from marshmallow import fields


def place_zh() -> fields.String:
    """Of a time that belongs to a mobile session the place where to go; times in the hall have none."""
    return fields.String(metadata={"description": "流动下乡的地点；在大厅办理的没有这一项。"})


def place_en() -> fields.String:
    """The same in English."""
    return fields.String(metadata={"description": "Only of mobile sessions; empty where nobody wrote it."})
