"""PURE: when messages may go out, and until when they are worth it.

Reminders go the evening before and shortly before a slot. In the quiet hours of the hall's clock nothing
is sent but what somebody is waiting for at that moment.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notifications.kinds import KINDS

_DAY = timedelta(days=1)

#: Answers to what the person has just done; they cannot disturb.
ANSWERS = frozenset({"booked", "cancelled", "rescheduled", "opted_out"}) | {
    template for template in KINDS if template.startswith("reply_")
}


@dataclass(frozen=True, slots=True)
class QuietHours:
    """[starts, ends) of the hall's clock, over midnight where `ends` is not after `starts`; equal: none."""

    starts: time = time(22)
    ends: time = time(7)

    def include(self, wall: time) -> bool:
        """Whether this time of day is quiet."""
        if self.starts <= self.ends:
            return self.starts <= wall < self.ends
        return wall >= self.starts or wall < self.ends


@dataclass(frozen=True, slots=True)
class ReminderTimes:
    """When a hall reminds: at `eve_at` the day before, and `ahead` of the slot."""

    eve_at: time = time(18)
    ahead: timedelta = timedelta(hours=2)
    quiet: QuietHours = QuietHours()
    #: Who has just got the confirmation needs no reminder yet.
    pause_after_booking: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Planned:
    """A message to plan: `template` at `send_at`, worthless from `expires_at` on (both UTC)."""

    template: str
    send_at: datetime
    expires_at: datetime


DEFAULT_TIMES = ReminderTimes()


def reminders_for(
    slot_starts_at: datetime, *, booked_at: datetime, tz: ZoneInfo, times: ReminderTimes = DEFAULT_TIMES
) -> list[Planned]:
    """The reminders still due for an appointment booked (or moved) at `booked_at`, earliest first.

    One that would come before the booking, too soon after it, or not before the slot, is left out.
    """
    local = slot_starts_at.astimezone(tz)
    wanted = {
        "reminder_eve": datetime.combine(local.date() - _DAY, times.eve_at, tz).astimezone(UTC),
        "reminder_2h": (slot_starts_at - times.ahead).astimezone(UTC),
    }
    found = []
    for template, at in wanted.items():
        send_at = sendable_at(template, wanted_at=at, tz=tz, quiet=times.quiet)
        if booked_at + times.pause_after_booking <= send_at < slot_starts_at:
            found.append(
                Planned(template, send_at, expires_at(template, send_at=send_at, no_later=slot_starts_at))
            )
    return found


def sendable_at(
    template: str, *, wanted_at: datetime, tz: ZoneInfo, quiet: QuietHours = DEFAULT_TIMES.quiet
) -> datetime:
    """`wanted_at`, or the end of the quiet hours it falls into; urgent messages and answers go at once."""
    if KINDS[template].urgent or template in ANSWERS:
        return wanted_at
    local = wanted_at.astimezone(tz)
    if not quiet.include(local.time()):
        return wanted_at
    over_midnight = local.time() >= quiet.ends
    morning = local.date() + _DAY if over_midnight else local.date()
    return datetime.combine(morning, quiet.ends, tz).astimezone(UTC)


def expires_at(template: str, *, send_at: datetime, no_later: datetime | None = None) -> datetime:
    """When the message is worth nothing any more: its kind's lifetime, but not past `no_later`.

    "Your number is called" ten hours late is worse than none, and so is a reminder of what has begun.
    """
    by_kind = send_at + KINDS[template].lifetime
    return by_kind if no_later is None else min(by_kind, no_later)
