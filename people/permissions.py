"""PURE: roles and what each may do. A permission is named by what it is for, not by a page."""

from collections.abc import Iterable, Mapping

_HALL_WORK = {"cockpit.view", "list.print", "ticket.override", "plan.edit"}
_WINDOW = {"counter.work", "ticket.issue", "checkin.do", "booking.make", "booking.correct", "task.work"}
# Exceptions: who is responsible for a hall's day decides about them.
_DUTY = {"booking.override", "request.decide", "appeal.decide", "waitlist.tend"}

ROLES: Mapping[str, frozenset[str]] = {
    "admin": frozenset(
        {
            "hall.edit",
            "catalog.edit",
            "licence.edit",
            "staff.edit",
            "device.enrol",
            "plan.edit",
            "clock.set",
            "doctor.run",
            "cockpit.view",
            "simulator.use",
            "audit.view",
            "list.print",
            # Counters are worked by the administrator only through the API, when a day is played.
            "counter.work",
            "ticket.issue",
            "ticket.call",
            "checkin.do",
            # Held so that an administrator of a hall may appoint its officers.
            "booking.make",
            "booking.correct",
            "task.work",
            "ticket.choose",
        }
    ),
    "manager": frozenset({*_HALL_WORK, *_DUTY, "audit.view", "device.enrol", "case.work", "case.extend"}),
    "duty_officer": frozenset({*_HALL_WORK, *_WINDOW, *_DUTY, "ticket.call", "ticket.choose"}),
    "officer": frozenset({*_WINDOW, "ticket.call"}),
    "back_office": frozenset({"task.work"}),
    "desk": frozenset({"case.work"}),
    "kiosk": frozenset({"ticket.issue", "checkin.do"}),
    "display": frozenset({"board.view"}),
}
DEVICE_ROLES = frozenset({"kiosk", "display"})
STAFF_ROLES = frozenset(ROLES) - DEVICE_ROLES


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """Everything these roles may do; a role that no longer exists gives nothing."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))
