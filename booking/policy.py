"""PURE: what a hall may set about booking, and the questions asked before a booking.

Values are data per hall (`hall.policy["booking"]`); what is absent keeps the default. Every refusal says
what to do instead, and can be asked for before the button is shown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from math import ceil
from zoneinfo import ZoneInfo

from booking import policy_data
from booking.ladder import DEFAULT_LADDER, DEFAULT_RETURN_WINDOW, EVERYBODY_COMES, Ladder
from booking.slot_cutting import DEFAULT_BETA, DEFAULT_ETA
from halls.workdays import Calendar, add_working_days
from kernel.errors import Conflict, Forbidden, Invalid

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


class InPast(Invalid):
    """The slot has begun."""

    code = "slot_in_past"
    zh = "该时段已经开始或已过，请选择之后的时段。"
    en = "This time has already begun or passed. Please choose a later one."


class InsideLeadTime(Invalid):
    """The slot begins too soon to be booked online."""

    code = "slot_inside_lead_time"
    zh = "网上预约须至少提前 {lead_minutes} 分钟。请选择稍后的时段，或直接到大厅现场取号。"
    en = "Please book {lead_minutes} minutes ahead: choose a later time, or take a number at the hall."


class BeyondHorizon(Invalid):
    """The date cannot be booked yet."""

    code = "slot_beyond_horizon"
    zh = "该日期尚未开放预约，目前可以预约到 {last_on}。"
    en = "This date cannot be booked yet. Dates up to {last_on} can."


class TooManyOpen(Conflict):
    """The person has as many open appointments as allowed."""

    code = "too_many_open_appointments"
    zh = "您已有 {limit} 个未办理的预约，达到上限。请先办理或取消其中一个。"
    en = "You already have {limit} open appointments, the most allowed. Please attend or cancel one first."


class AlreadyBookedThatDay(Conflict):
    """One open appointment per person, service group and day."""

    code = "already_booked_that_day"
    zh = "您当天已有同类业务的预约。如需调整，请改期或取消原预约。"
    en = "You already have an appointment of this kind on that day. Please move or cancel that one instead."


class SuspendedForNoShows(Forbidden):
    """Too many missed appointments; the hall itself still serves the person."""

    code = "suspended_for_no_shows"
    zh = (
        "您在 {window_days} 天内有 {limit} 次预约未到场，网上预约暂停至 {until}。"
        "您仍可到大厅现场取号；如有异议，可以申诉。"
    )
    en = (
        "Online booking is suspended until {until}, because {limit} appointments were missed within "
        "{window_days} days. You can still take a number at the hall, and you may appeal."
    )


class DocumentNotBookable(Conflict):
    """What else is known of this document forbids it, and was not made by the phone that asks.

    One answer for all such reasons: anybody may type the number of somebody else's document, and must not
    learn whether its owner has a booking, how many, or what they missed.
    """

    code = "document_not_bookable"
    zh = (
        "这个手机号暂时不能用这份证件预约这个时段。请换一天，或用以前预约时的手机号操作；"
        "也可以致电大厅，或带证件到窗口当场办理。"
    )
    en = (
        "This phone cannot book this time with this document. Please try another day, or use the phone that "
        "you booked with before; or call the hall, or come to the counter with the document."
    )


class CheckInTooEarly(Conflict):
    """Check-in has not opened for this appointment."""

    code = "check_in_too_early"
    zh = "还未到签到时间，请在 {opens} 之后签到。"
    en = "It is too early to check in. Please check in from {opens} on."


class CheckInOnAnotherDay(Conflict):
    """The appointment is not for today."""

    code = "check_in_on_another_day"
    zh = "该预约的日期是 {on}，不是今天。请在预约当天签到，或改期。"
    en = "This appointment is for {on}, not for today. Please come on that day, or move the appointment."


class CancellationTooLate(Conflict):
    """The slot has begun: there is nothing left to give back."""

    code = "cancellation_too_late"
    zh = "预约时段已经开始，不能再取消。"
    en = "The appointed time has begun, so it can no longer be cancelled."


class Punctuality(StrEnum):
    """When somebody checks in, seen from the start of the slot."""

    EARLY = "early"
    ON_TIME = "on_time"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class BookingPolicy:
    """How one hall books. Stored names carry the unit: `lead_time_minutes`, `suspension_days`."""

    #: The soonest slot that can be booked online.
    lead_time: timedelta = timedelta(minutes=30)
    #: The farthest: so many working days ahead, and never more than so many days.
    horizon_working_days: int = 7
    horizon: timedelta = timedelta(days=30)
    #: Hall-local time of day at which the next date of the horizon opens.
    booking_opens: time = time(8)
    #: How long a number is kept while the form is filled in.
    hold: timedelta = timedelta(minutes=10)
    #: How long for a caller without a cookie of ours, until a phone or a browser stands for it (`keep_hold`);
    #: never longer than `hold`.
    nameless_hold: timedelta = timedelta(minutes=3)
    max_open_appointments: int = 5
    check_in_opens: timedelta = timedelta(minutes=30)
    check_in_closes: timedelta = timedelta(minutes=15)
    #: So many missed appointments within the window suspend online booking for the suspension.
    no_show_limit: int = 3
    no_show_window: timedelta = timedelta(days=90)
    suspension: timedelta = timedelta(days=30)
    #: A cancellation with less time than this left counts as a no-show.
    cancellation_cutoff: timedelta = timedelta(minutes=60)
    #: A cancelled number comes back at a random moment within this time.
    return_window: timedelta = DEFAULT_RETURN_WINDOW
    #: β: the share of real capacity that is given to online booking. η: the share of open time worked.
    beta: Decimal = DEFAULT_BETA
    eta: Decimal = DEFAULT_ETA
    #: p̂: how many of those who book come. Below 1, places beyond the quota are offered (`overbooking`).
    show_probability: Decimal = EVERYBODY_COMES
    ladder: Ladder = DEFAULT_LADDER
    #: How long a number is held for somebody on the waitlist, how many offers each gets, and between which
    #: hall-local times of day offers are made: an SMS must not wake anybody.
    waitlist_hold: timedelta = timedelta(minutes=20)
    waitlist_offers: int = 2
    waitlist_from: time = time(7)
    waitlist_until: time = time(22)
    #: Hall-local time on the day at which unused duty numbers go to walk-ins.
    duty_flows_at: time = time(10)

    #: So long after the numbers of a date were released, and from so many holds a second on a line, a hold
    #: needs a proof of work (`booking.peak`); 0: never.
    proof_after_release: timedelta = timedelta(minutes=3)
    proof_at_holds_per_second: int = 20
    #: And once so many holds of a line run that came without a cookie of ours; 0: never.
    proof_at_nameless_holds: int = 10

    def __post_init__(self) -> None:
        """Refuse values with which booking would make no sense; raises BookingPolicyInvalid."""
        for each in fields(self):
            policy_data.check_limits(each.name, getattr(self, each.name))

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> "BookingPolicy":
        """Read a policy stored as data.

        Raises:
            BookingPolicyInvalid: an unknown name, a wrong type, or a value out of range.
        """
        defaults = {each.name: each.default for each in fields(cls)}
        return cls(**policy_data.read(values, defaults))  # type: ignore[arg-type]  # typed by the defaults

    def hold_for(self, *, nameless: bool) -> timedelta:
        """How long a number is kept for somebody."""
        return min(self.hold, self.nameless_hold) if nameless else self.hold

    def as_mapping(self) -> dict[str, object]:
        """The policy as data ready for JSON; `from_mapping` reads it back."""
        return policy_data.write({each.name: getattr(self, each.name) for each in fields(self)})


DEFAULT_POLICY = BookingPolicy()


def numbers_needed(minutes: int, unit_minutes: int) -> int:
    """How many consecutive numbers a service (or a basket, summed) takes: ⌈minutes ÷ unit⌉, at least one."""
    if minutes < 0 or unit_minutes <= 0:
        raise ValueError("minutes cannot be negative, and a unit takes at least a minute")
    return max(1, ceil(minutes / unit_minutes))


def last_bookable_on(now: datetime, *, policy: BookingPolicy, calendar: Calendar, tz: ZoneInfo) -> date:
    """The farthest date that can be booked now. A new one opens each working day at `booking_opens`."""
    local = now.astimezone(tz)
    reached = local.date() if local.time() >= policy.booking_opens else local.date() - _DAY
    return min(
        add_working_days(reached, policy.horizon_working_days, calendar), local.date() + policy.horizon
    )


def ensure_bookable(
    slot_starts_at: datetime, *, now: datetime, policy: BookingPolicy, calendar: Calendar, tz: ZoneInfo
) -> None:
    """Whether a slot may be booked online by its time alone.

    Raises:
        InPast, InsideLeadTime, BeyondHorizon
    """
    if slot_starts_at <= now:
        raise InPast
    if slot_starts_at - now < policy.lead_time:
        raise InsideLeadTime(lead_minutes=policy.lead_time // _MINUTE)
    last_on = last_bookable_on(now, policy=policy, calendar=calendar, tz=tz)
    if slot_starts_at.astimezone(tz).date() > last_on:
        raise BeyondHorizon(last_on=last_on.isoformat())


def ensure_room_for_another(
    open_appointments: int, same_group_that_day: int, *, policy: BookingPolicy
) -> None:
    """Whether this person may have one more appointment; raises AlreadyBookedThatDay, TooManyOpen."""
    if same_group_that_day:
        raise AlreadyBookedThatDay
    if open_appointments >= policy.max_open_appointments:
        raise TooManyOpen(limit=policy.max_open_appointments)


@dataclass(frozen=True, slots=True)
class NoShowStanding:
    """What to show before the button: no-shows that count now, and a running suspension if any."""

    counted: int
    limit: int
    suspended_until: datetime | None


def no_show_standing(
    missed_at: Iterable[datetime], *, now: datetime, policy: BookingPolicy
) -> NoShowStanding:
    """Where a person stands, given the times of the missed slots (without those struck on appeal).

    The no-show that reaches the limit within the window starts the suspension, and those behind it are
    settled: none counts twice. Late cancellations count as missed, see `counts_as_no_show`.
    """
    counted: list[datetime] = []
    suspended_until: datetime | None = None
    for missed in sorted(each for each in missed_at if each <= now):
        counted = [*(each for each in counted if missed - each < policy.no_show_window), missed]
        if len(counted) >= policy.no_show_limit:
            suspended_until = missed + policy.suspension
            counted = []
    running = suspended_until if suspended_until is not None and suspended_until > now else None
    recent = sum(now - each < policy.no_show_window for each in counted)
    return NoShowStanding(recent, policy.no_show_limit, running)


def ensure_not_suspended(
    missed_at: Iterable[datetime], *, now: datetime, policy: BookingPolicy, tz: ZoneInfo
) -> None:
    """Raise SuspendedForNoShows while a suspension runs."""
    until = no_show_standing(missed_at, now=now, policy=policy).suspended_until
    if until is not None:
        raise SuspendedForNoShows(
            limit=policy.no_show_limit,
            window_days=policy.no_show_window // _DAY,
            until=f"{until.astimezone(tz):%Y-%m-%d %H:%M}",
        )


def counts_as_no_show(slot_starts_at: datetime, *, cancelled_at: datetime, policy: BookingPolicy) -> bool:
    """Whether a cancellation comes so late that hardly anybody can use the number any more."""
    return slot_starts_at - cancelled_at < policy.cancellation_cutoff


def ensure_cancellable(slot_starts_at: datetime, *, now: datetime) -> None:
    """Raise CancellationTooLate once the slot has begun."""
    if now >= slot_starts_at:
        raise CancellationTooLate


def punctuality(slot_starts_at: datetime, *, now: datetime, policy: BookingPolicy) -> Punctuality:
    """Whether a check-in at `now` is early, on time (both limits included) or late."""
    if now < slot_starts_at - policy.check_in_opens:
        return Punctuality.EARLY
    return Punctuality.LATE if now > slot_starts_at + policy.check_in_closes else Punctuality.ON_TIME


def ensure_can_check_in(
    slot_starts_at: datetime, *, now: datetime, policy: BookingPolicy, tz: ZoneInfo, by_staff: bool = False
) -> Punctuality:
    """Whether the owner may check in now: on the day itself, and not too early except by staff.

    Raises:
        CheckInOnAnotherDay, CheckInTooEarly
    """
    local = slot_starts_at.astimezone(tz)
    if local.date() != now.astimezone(tz).date():
        raise CheckInOnAnotherDay(on=local.date().isoformat())
    found = punctuality(slot_starts_at, now=now, policy=policy)
    if found is Punctuality.EARLY and not by_staff:
        raise CheckInTooEarly(opens=f"{local - policy.check_in_opens:%H:%M}")
    return found
