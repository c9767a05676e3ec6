"""PURE: an appointment as a calendar file (RFC 5545), with a reminder two hours before unless cancelled."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_WIDEST_LINE = 75  # octets, by the RFC


@dataclass(frozen=True, slots=True)
class Entry:
    """What the calendar shows. Times are aware; `changed_at` is when the entry last changed.

    A calendar that has an older copy takes the one with the higher `sequence` (RFC 5545, 3.8.7.4).
    """

    uid: str
    sequence: int
    changed_at: datetime
    cancelled: bool
    starts_at: datetime
    ends_at: datetime
    title: str
    place: str
    notes: str
    url: str


def write(entry: Entry) -> str:
    """The text of the file."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Youhao//Appointments//ZH",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{entry.uid}",
        f"SEQUENCE:{entry.sequence}",
        f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}",
        f"DTSTAMP:{_utc(entry.changed_at)}",
        f"LAST-MODIFIED:{_utc(entry.changed_at)}",
        f"DTSTART:{_utc(entry.starts_at)}",
        f"DTEND:{_utc(entry.ends_at)}",
        f"SUMMARY:{_text(entry.title)}",
        f"LOCATION:{_text(entry.place)}",
        f"DESCRIPTION:{_text(entry.notes)}",
        f"URL:{entry.url}",
        *([] if entry.cancelled else _reminder(entry)),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{part}\r\n" for line in lines for part in _fold(line))


def _reminder(entry: Entry) -> list[str]:
    return [
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_text(entry.title)}",
        "TRIGGER:-PT2H",
        "END:VALARM",
    ]


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(escaped.splitlines())


def _fold(line: str) -> Iterator[str]:
    """Lines of at most 75 octets; what goes on begins with a space, and no character is cut in two."""
    part = ""
    for sign in line:
        if len((part + sign).encode()) > _WIDEST_LINE:
            yield part
            part = " "
        part += sign
    yield part
