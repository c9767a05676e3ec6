"""What lies beside the usual booking: closures, waitlists, appeals, special requests, changes of numbers."""

from typing import Any

from marshmallow import fields, validate

from booking.appeal_steps import LONGEST, AppealState
from booking.close import Then
from booking.lift import REASONS as LIFT_REASONS
from booking.number_changes import REASONS, Change
from booking.special_requests import RequestKind, RequestState
from booking.waitlist_states import WaitState
from people.identity import IdentityKind
from web.api.fields import (
    Answers,
    Asked,
    At,
    Choice,
    Code,
    Day,
    Flag,
    Moment,
    Text,
    Told,
    Whole,
    some,
)
from web.api.schemas.booking import LANGUAGES, PhoneProofSchema
from web.api.schemas.places import place_en, place_zh

GROUP = Code(metadata={"description": "The line; the whole hall without it. 业务组；不写为整个大厅。"})


def _services() -> Any:
    return fields.List(
        Code(),
        required=True,
        validate=validate.Length(min=1, max=10),
        metadata={"example": ["id-card-renewal"]},
    )


def words(least: int = 2, **options: Any) -> Any:
    """What somebody says in words: a reason or an answer."""
    return Text(LONGEST, least=least, **options)


class CloseSchema(Asked):
    """A closure of a hall or of one line. An emergency begins at once, whatever `starts_at` says."""

    group = GROUP
    starts_at = Moment(metadata={"description": "Needed unless it is an emergency. 紧急关闭可不写。"})
    ends_at = Moment(required=True)
    reason_zh = Text(20, least=1, required=True, metadata={"example": "停电"})
    reason_en = Text(40, load_default="")
    emergency = Flag(load_default=False)
    then = Choice(
        [each.value for each in Then],
        metadata={"description": "What becomes of the bookings; refused where there are some, without it."},
    )


class ClosureSchema(Told):
    """A closure that holds or will."""

    id = some(fields.Integer)
    group = some(allow_none=True)
    starts_at = some(At)
    ends_at = some(At)
    reason_zh = some()
    reason_en = some()
    emergency = some(fields.Boolean)


class ClosureListSchema(Told):
    """The closures of a hall, the first to come first."""

    hall = some()
    closures = some(fields.List, fields.Nested(ClosureSchema()))


class ClosedSchema(ClosureSchema):
    """A new closure, and what became of the bookings in it."""

    affected = some(fields.Integer)
    moved = some(fields.Integer)
    cancelled = some(fields.Integer)


class ReopenedSchema(Told):
    """How many numbers came back."""

    numbers = some(fields.Integer)


class WaitSchema(PhoneProofSchema):
    """What somebody waits for; both days are included."""

    hall = Code(required=True, metadata={"example": "city-hall"})
    services = _services()
    answers = Answers()
    first_on = Day(required=True)
    last_on = Day(required=True)
    language = Choice(LANGUAGES)


class WaitingSchema(Told):
    """A place on a waitlist; while `state` is offered, a number is held until `offer_until`."""

    reference = some()
    hall = some()
    group = some()
    state = some(metadata={"enum": [each.value for each in WaitState]})
    first_on = some(fields.Date)
    last_on = some(fields.Date)
    ahead = some(fields.Integer, allow_none=True)
    offer_starts_at = some(At, allow_none=True)
    place_zh = place_zh()
    place_en = place_en()
    offer_until = some(At, allow_none=True)


class OfferTakenSchema(Told):
    """The hold to go on with, see /appointments."""

    hold_token = some()
    held_until = some(At)
    starts_at = some(At, allow_none=True)
    place_zh = place_zh()
    place_en = place_en()


class AppealSchema(PhoneProofSchema):
    """Why a missed appointment should not count."""

    reason = words(required=True, metadata={"example": "当天在医院急诊。"})


class AppealedSchema(Told):
    """An appeal; `answer` is null until it is decided."""

    reference = some()
    state = some(metadata={"enum": [each.value for each in AppealState]})
    asked_at = some(At)
    answer = some(allow_none=True)


class AppealOfHallSchema(AppealedSchema):
    """An appeal as whoever decides sees it: without a name, which is not needed for that."""

    starts_at = some(At, metadata={"description": "Of the appointment. 预约时间。"})
    place_zh = place_zh()
    place_en = place_en()
    reason = some()


class AppealListSchema(Told):
    """Appeals of a hall."""

    appeals = some(fields.List, fields.Nested(AppealOfHallSchema()))


class OpenQuerySchema(Asked):
    """`open=false` lists what was decided, the newest first."""

    open = Choice(("true", "false"), load_default="true")


class DecideAppealSchema(Asked):
    """The decision, with an answer that the citizen reads."""

    accepted = Flag(required=True)
    answer = words(required=True, metadata={"example": "已核实。"})


class LiftSchema(Asked):
    """Whose suspension is lifted, by the document in the officer's hand, and why."""

    identity_kind = Choice([kind.value for kind in IdentityKind], required=True)
    identity_number = Text(60, least=1, required=True, metadata={"example": "EZ3333333"})
    reason = Choice(LIFT_REASONS, required=True)


class LiftedSchema(Told):
    """How many appointments missed in this hall count no more."""

    missed = some(fields.Integer)


class AskSpeciallySchema(PhoneProofSchema):
    """A number outside the line, for whom and why."""

    hall = Code(required=True, metadata={"example": "city-hall"})
    services = _services()
    answers = Answers()
    kind = Choice([each.value for each in RequestKind], required=True)
    wanted_on = Day(required=True)
    reason = words(required=True, metadata={"example": "母亲坐轮椅。"})
    name = Text(60, least=1, required=True, metadata={"example": "张三"})
    identity_kind = Choice([kind.value for kind in IdentityKind], required=True)
    identity_number = Text(60, least=1, required=True, metadata={"example": "EZ3333333"})
    language = Choice(LANGUAGES)


class RequestSchema(Told):
    """A special request; `appointment` is the reference of the booking that was given."""

    reference = some()
    hall = some()
    group = some()
    kind = some(metadata={"enum": [each.value for each in RequestKind]})
    state = some(metadata={"enum": [each.value for each in RequestState]})
    wanted_on = some(fields.Date)
    asked_at = some(At)
    answer = some(allow_none=True)
    appointment = some(allow_none=True)


class RequestOfHallSchema(Told):
    """A request as the list of the duty officer has it: neither name nor document."""

    reference = some()
    group = some()
    kind = some()
    state = some()
    wanted_on = some(fields.Date)
    asked_at = some(At)
    late = some(fields.Boolean)


class RequestListSchema(Told):
    """Special requests of a hall: the open ones urgent first, the decided ones newest first."""

    requests = some(fields.List, fields.Nested(RequestOfHallSchema()))


class OneRequestSchema(RequestOfHallSchema):
    """A request with its reason, for whoever decides; number and phone are masked, the name once decided."""

    services = some(fields.List, fields.String())
    reason = some()
    answer = some(allow_none=True)
    name = some()
    identity_kind = some()
    identity_number = some()
    phone = some()


class ApproveSchema(Asked):
    """The time that is given, from the duty reserve or the walk-ins."""

    starts_at = Moment(required=True)
    answer = Text(LONGEST, load_default="")


class RefuseSchema(Asked):
    """An answer that helps on."""

    answer = words(required=True, metadata={"example": "当天已满，请约周三。"})


class DayQuerySchema(Asked):
    """Today by the hall's clock, unless `on` says another day."""

    on = Day()


class ChannelSchema(Told):
    """The numbers of one channel."""

    channel = some()
    planned = some(fields.Integer)
    released = some(fields.Integer)
    booked = some(fields.Integer)
    held = some(fields.Integer)
    free = some(fields.Integer)
    overbooked = some(fields.Integer)


class LineDaySchema(Told):
    """One line on one day; all are exact counts from rows (docs/booking.md)."""

    group = some()
    released = some(fields.Integer)
    booked = some(fields.Integer)
    to_come = some(fields.Integer)
    arrived = some(fields.Integer)
    handled = some(fields.Integer)
    walk_ins = some(fields.Integer)
    no_shows = some(fields.Integer)
    late_cancelled = some(fields.Integer)
    by_hall = some(fields.Integer)
    unserved = some(fields.Integer)
    channels = some(fields.List, fields.Nested(ChannelSchema()))


class StepSchema(Told):
    """Numbers that are released at one instant."""

    group = some()
    release_at = some(At)
    count = some(fields.Integer)
    booked = some(fields.Integer)


class DayNumbersSchema(Told):
    """A hall's numbers on one day."""

    hall = some()
    on = some(fields.Date)
    groups = some(fields.List, fields.Nested(LineDaySchema()))
    releases = some(fields.List, fields.Nested(StepSchema()))


class ChangeNumbersSchema(Asked):
    """At most `most` numbers of a line on a day, and why."""

    on = Day(required=True)
    group = Code(required=True, metadata={"example": "A"})
    change = Choice([each.value for each in Change], required=True)
    most = Whole(1, 1000, required=True)
    reason = Choice(REASONS, required=True)


class NumbersChangedSchema(Told):
    """How many numbers it was done to."""

    count = some(fields.Integer)


class RevisionSchema(Told):
    """A saved state; `by` is the user name where staff saved it."""

    number = some(fields.Integer)
    at = some(At)
    by = some(allow_none=True)
    note = some()


class RevisionListSchema(Told):
    """The saved states of one thing, the newest first."""

    revisions = some(fields.List, fields.Nested(RevisionSchema()))


class OneRevisionSchema(RevisionSchema):
    """A saved state, whole."""

    content = some(fields.Dict)


class GuideProblemSchema(Told):
    """What keeps a draft from being published, and where it stands."""

    key = some()
    zh = some()
    en = some()


class GuideDraftSchema(Told):
    """The tree being edited. `mark` changes with every change."""

    published = some(fields.Boolean)
    begun = some(fields.Boolean)
    mark = some()
    tree = some(fields.Dict)
    problems = some(fields.List, fields.Nested(GuideProblemSchema()))
