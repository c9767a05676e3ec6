"""Halls, their lines, counters and plans; what is free in them."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema
from webargs.fields import DelimitedList

from booking.change_reasons import REASONS, UNSAID
from booking.close import Then
from halls.plan_rows import SESSIONS
from web.api.fields import (
    CLOCK_TIME,
    Amount,
    Asked,
    At,
    Choice,
    Code,
    Day,
    Matching,
    Text,
    Told,
    Whole,
    some,
)
from web.api.schemas.places import place_en, place_zh

GROUP_CODE = "[A-Za-z0-9]{1,16}"
MOST_DAYS = 31
LONGEST_PUBLISHED = 92


class HallSchema(Told):
    """A place with counters."""

    code = some()
    name_zh = some()
    name_en = some()
    address_zh = some()
    address_en = some()
    phone = some()
    latitude = some(fields.Float, allow_none=True)
    longitude = some(fields.Float, allow_none=True)
    time_zone = some()


class HallListSchema(Told):
    """The halls in use."""

    halls = some(fields.List, fields.Nested(HallSchema()))


class GroupSchema(Told):
    """A line; `letter` starts its tickets, one number stands for `unit_minutes`."""

    code = some()
    letter = some()
    name_zh = some()
    name_en = some()
    unit_minutes = some(fields.Integer)
    active = some(fields.Boolean, metadata={"description": "False: closed for good. 已停用。"})


class CounterSchema(Told):
    """A window and the lines it serves."""

    number = some(fields.Integer)
    name_zh = some()
    name_en = some()
    groups = some(fields.List, fields.String())


class HallDetailSchema(HallSchema):
    """A hall with its lines and counters."""

    groups = some(fields.List, fields.Nested(GroupSchema()))
    counters = some(fields.List, fields.Nested(CounterSchema()))


class ServicesWantedSchema(Asked):
    """The services of one visit."""

    service = DelimitedList(
        Code(),
        required=True,
        validate=validate.Length(min=1, max=10),
        metadata={
            "description": "Codes of services, separated by commas. 事项代码，以逗号分隔。",
            "example": ["id-card-renewal"],
        },
    )


class AvailabilityQuerySchema(ServicesWantedSchema):
    """Which days are asked for."""

    from_ = Day(data_key="from", metadata={"description": "The first day; today unless given. 起始日期。"})
    days = Whole(
        1, MOST_DAYS, in_query=True, load_default=7, metadata={"description": "How many days. 天数。"}
    )


class SlotSchema(Told):
    """A time to begin; `free` counts the visits that can still be booked."""

    starts_at = some(At)
    ends_at = some(At)
    free = some(fields.Integer)
    place_zh = place_zh()
    place_en = place_en()


class DaySchema(Told):
    """A day; `free` counts the visits that can still be booked."""

    on = some(fields.Date)
    free = some(fields.Integer)
    slots = some(fields.List, fields.Nested(SlotSchema()))


class AvailabilitySchema(Told):
    """What is free. The visit takes `numbers_needed` numbers; the next come at `next_release_at`.

    `groups` are the lines that it passes; `group` is the first of them.
    """

    hall = some()
    group = some()
    groups = some(fields.List, fields.String())
    minutes = some(fields.Integer)
    numbers_needed = some(fields.Integer)
    days = some(fields.List, fields.Nested(DaySchema()))
    next_release_at = some(At, allow_none=True)


class FirstFreeSchema(Told):
    """The first time that a hall has free; null when it has none."""

    hall = some()
    name_zh = some()
    name_en = some()
    group = some()
    groups = some(fields.List, fields.String())
    first_starts_at = some(At, allow_none=True)
    place_zh = place_zh()
    place_en = place_en()
    free = some(fields.Integer)
    next_release_at = some(At, allow_none=True)


class FirstAvailableQuerySchema(Asked):
    """How many times are wanted."""

    limit = fields.Integer(
        load_default=20, validate=validate.Range(1, 100), metadata={"description": "at most so many times"}
    )


class FirstAvailableSlotSchema(Told):
    """A free time in one of the halls."""

    hall = some()
    name_zh = some()
    name_en = some()
    group = some()
    starts_at = some(At)
    free = some(fields.Integer)
    place_zh = place_zh()
    place_en = place_en()


class FirstAvailableSchema(Told):
    """Free times of all halls, the earliest first; without any, when the next numbers come."""

    service = some()
    slots = some(fields.List, fields.Nested(FirstAvailableSlotSchema()))
    next_release_at = some(At, allow_none=True)


class FirstFreeListSchema(Told):
    """Halls that handle the services, the earliest first."""

    halls = some(fields.List, fields.Nested(FirstFreeSchema()))


class GroupEditSchema(Asked):
    """A line."""

    code = Matching(GROUP_CODE, required=True)
    letter = Matching("[A-Z]", required=True)
    name_zh = Text(60, least=1, required=True)
    name_en = Text(80, least=1, required=True)
    unit_minutes = Whole(1, 240, required=True)
    mean_minutes = Amount(0.5, 240)


class CounterEditSchema(Asked):
    """A window."""

    number = Whole(1, 999, required=True)
    name_zh = Text(60)
    name_en = Text(80)
    groups = fields.List(Matching(GROUP_CODE), required=True, validate=validate.Length(min=1, max=60))


class PlanEditSchema(Asked):
    """Counters of a line on weekdays (1 = Monday) in [starts, ends), on half-hours."""

    group = Matching(GROUP_CODE, required=True)
    weekdays = fields.List(Whole(1, 7), required=True, validate=validate.Length(min=1, max=7))
    starts = Matching(CLOCK_TIME, required=True)
    ends = Matching(CLOCK_TIME, required=True)
    counters = Amount(0, 999, required=True)


class ExtraEditSchema(Asked):
    """Counters of a line once: besides the week's plan (`extra`) or in its place (`replace`)."""

    group = Matching(GROUP_CODE, required=True)
    on = Matching(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", required=True)
    kind = Choice(["extra", "replace"], required=True)
    starts = Matching(CLOCK_TIME, required=True)
    ends = Matching(CLOCK_TIME, required=True)
    counters = Amount(0, 999, required=True)
    session = Choice(
        ["", *SESSIONS],
        metadata={"description": "What an extra session is. 错时、延时、周末加考、流动下乡"},
    )
    place_zh = Text(120, metadata={"description": "Where a mobile session is held. 流动下乡的地点"})
    place_en = Text(160)


class SeasonEditSchema(Asked):
    """Between two dates, both included, these weekly lines stand instead of the usual ones."""

    name_zh = Text(60, least=1, required=True)
    name_en = Text(80)
    first_on = Matching(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", required=True)
    last_on = Matching(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", required=True)
    plan = fields.List(
        fields.Nested(PlanEditSchema()), required=True, validate=validate.Length(min=1, max=2000)
    )


class ClosureEditSchema(Asked):
    """The hall, or one line, does not serve."""

    group = Matching(GROUP_CODE)
    on = Matching(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", required=True)
    starts = Matching(CLOCK_TIME, required=True)
    ends = Matching(CLOCK_TIME, required=True)
    reason_zh = Text(120, least=1, required=True)
    reason_en = Text(120, least=1, required=True)


class PolicyEditSchema(Asked):
    """The hall's own rules; what is absent keeps its default (docs/api.md)."""

    booking = fields.Dict(keys=fields.String(), metadata={"example": {"lead_time_minutes": 30}})
    queue = fields.Dict(keys=fields.String(), metadata={"example": {"recall_limit": 3}})
    phone_codes = fields.Dict(
        keys=fields.String(),
        metadata={"description": "Budget of one-time codes. 验证码额度。", "example": {"per_hour": 600}},
    )


HALL_EXAMPLE = {
    "name_zh": "云州市政务服务大厅",
    "name_en": "Yunzhou Hall",
    "groups": [{"code": "A", "letter": "A", "name_zh": "户政", "name_en": "Household", "unit_minutes": 10}],
    "counters": [{"number": 1, "groups": ["A"]}],
    "plan": [{"group": "A", "weekdays": [1, 2, 3, 4, 5], "starts": "09:00", "ends": "17:00", "counters": 1}],
}


class StrandedQuerySchema(Asked):
    """What is to become of bookings for which there is no place any more."""

    stranded = Choice(
        [then.value for then in Then],
        metadata={"description": "Move to the nearest free time, cancel, or keep. 改期、取消或保留。"},
    )
    reason = Choice(
        list(REASONS),
        load_default=UNSAID.code,
        metadata={"description": "Why, as whom it concerns is told by SMS. 原因，写进短信。"},
    )


class HallEditSchema(Asked):
    """A hall, whole, as in a city's files (docs/city-files.md), without `code`."""

    name_zh = Text(80, least=1, required=True)
    name_en = Text(120, least=1, required=True)
    address_zh = Text(200)
    address_en = Text(200)
    phone = Text(40)
    latitude = Amount(-90, 90)
    longitude = Amount(-180, 180)
    time_zone = Text(40, metadata={"example": "Asia/Shanghai"})
    groups = fields.List(
        fields.Nested(GroupEditSchema()), required=True, validate=validate.Length(min=1, max=26)
    )
    counters = fields.List(
        fields.Nested(CounterEditSchema()), required=True, validate=validate.Length(min=1, max=300)
    )
    plan = fields.List(
        fields.Nested(PlanEditSchema()), required=True, validate=validate.Length(min=1, max=2000)
    )
    extras = fields.List(fields.Nested(ExtraEditSchema()), validate=validate.Length(max=2000))
    closures = fields.List(fields.Nested(ClosureEditSchema()), validate=validate.Length(max=500))
    seasons = fields.List(fields.Nested(SeasonEditSchema()), validate=validate.Length(max=12))
    policy = fields.Nested(PolicyEditSchema())


class OfferSchema(Asked):
    """What a hall handles, whole: service code → group code."""

    services = fields.Dict(
        keys=Code(),
        values=Matching(GROUP_CODE),
        required=True,
        metadata={"example": {"id-card-renewal": "A"}},
    )


class OfferedListSchema(Told):
    """What a hall handles now."""

    hall = some()
    services = some(fields.Dict, keys=fields.String(), values=fields.String())


class PublishSchema(Asked):
    """The days whose numbers are written, both included."""

    from_ = Day(data_key="from", required=True)
    to = Day(required=True, metadata={"example": "2026-03-17"})

    @validates_schema
    def check_order(self, data: dict[str, Any], **_options: Any) -> None:
        """Forward, and not without end."""
        if not 0 <= (data["to"] - data["from_"]).days <= LONGEST_PUBLISHED:
            raise ValidationError(
                f"Must not lie before `from`, nor more than {LONGEST_PUBLISHED} days after it.", "to"
            )


class PublishedSchema(Told):
    """How many numbers are new."""

    numbers = some(fields.Integer)
