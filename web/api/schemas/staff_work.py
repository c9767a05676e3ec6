"""What staff notes while serving, and what goes on after the counter."""

from marshmallow import fields, validate

from queueing.choose import REASONS
from queueing.rooms import PARK_REASONS
from queueing.task_states import TaskState
from web.api.fields import LABEL, Asked, Choice, Code, Day, Matching, Text, Told, Whole, some


class ToCounterSchema(Asked):
    """The counter that goes on."""

    number = Whole(0, 999, required=True, metadata={"example": 2})


class RoomSchema(Asked):
    """Why, and where to; the room is shown on screens."""

    reason = Choice(PARK_REASONS, required=True)
    room = Text(24, load_default="", metadata={"example": "3"})


class ServicesSchema(Asked):
    """What is really done, all of it."""

    services = fields.List(Code(), required=True, validate=validate.Length(min=1, max=10))


class OweSchema(Asked):
    """A paper of a service being done; without a day it is due in five working days."""

    service = Code(required=True)
    material = Code(required=True)
    due_on = Day()


class OpenTaskSchema(Asked):
    """A service being done; without a day its result is due in five working days."""

    service = Code(required=True)
    due_on = Day()
    place = Text(24, load_default="", metadata={"example": "3"})


class ChooseSchema(Asked):
    """Which ticket of today, and why first."""

    label = Matching(LABEL, required=True, metadata={"example": "A012"})
    why = Choice(REASONS, required=True)


class OwedSchema(Told):
    """A paper that is owed; `paper` names it."""

    paper = some()
    label = some()
    service = some()
    material = some()
    name_zh = some()
    name_en = some()
    due_on = some(fields.Date)
    state = some(validate=validate.OneOf(["owed", "settled", "waived"]))


class OwedListSchema(Told):
    """What is owed to the hall."""

    papers = some(fields.List, fields.Nested(OwedSchema()))


class TaskSchema(Told):
    """A task of the back office: `task` names it, `place` is where its result is handed out."""

    task = some()
    label = some()
    service = some()
    on_date = some(fields.Date)
    due_on = some(fields.Date)
    place = some()
    state = some(validate=validate.OneOf([state.value for state in TaskState]))


class TaskListSchema(Told):
    """The hall's open tasks."""

    tasks = some(fields.List, fields.Nested(TaskSchema()))


class HandSchema(Told):
    """A counter, and whether its officer has asked to be relieved."""

    number = some(fields.Integer)
    state = some()
    offered = some(fields.Boolean)
