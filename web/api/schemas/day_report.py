"""What a hall's day came to."""

from marshmallow import fields

from web.api.fields import Told, some


class CountsSchema(Told):
    """Numbers of the day by track and end, and what is left to do at its end."""

    issued = some(fields.Integer)
    booked = some(fields.Integer)
    walk_in = some(fields.Integer)
    green = some(fields.Integer)
    standby = some(fields.Integer)
    completed = some(fields.Integer)
    abandoned = some(fields.Integer)
    owed = some(fields.Integer)
    owed_due = some(fields.Integer)
    tasks = some(fields.Integer)
    tasks_due = some(fields.Integer)
    to_collect = some(fields.Integer)


class SpreadSchema(Told):
    """Minutes of those who were served to the end; null where nobody was."""

    mean = some(fields.Float, allow_none=True)
    p90 = some(fields.Float, allow_none=True)


class TimesSchema(Told):
    """The three times that are kept."""

    wait = some(fields.Nested, SpreadSchema())
    walk = some(fields.Nested, SpreadSchema())
    service = some(fields.Nested, SpreadSchema())


class EndedSchema(Told):
    """Labels that the end of the day closed, or that are still open, by the state in which they stood."""

    waiting = some(fields.List, fields.String())
    called = some(fields.List, fields.String())
    serving = some(fields.List, fields.String())
    parked = some(fields.List, fields.String())
    absent = some(fields.List, fields.String())


class DayReportSchema(Told):
    """`made_at` is null while the day still runs."""

    hall = some()
    on = some(fields.Date)
    made_at = some(fields.AwareDateTime, allow_none=True)
    counters_closed = some(fields.Integer)
    counts = some(fields.Nested, CountsSchema())
    minutes = some(fields.Nested, TimesSchema())
    ended = some(fields.Nested, EndedSchema())
