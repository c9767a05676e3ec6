"""PURE: the life of an appointment: booked → checked_in → fulfilled | cancelled | no_show.

Ended states never change (but for the ten seconds of an undo at the counter, and the two minutes in which its
owner may take a cancellation back, `booking.undo_cancel`): an appeal against a no-show is kept beside it,
history is not rewritten.
"""

from enum import StrEnum

from kernel.errors import Conflict


class AppointmentState(StrEnum):
    """The value is stored and travels in the API."""

    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


NAMES_ZH: dict[AppointmentState, str] = {
    AppointmentState.BOOKED: "已预约",
    AppointmentState.CHECKED_IN: "已签到",
    AppointmentState.FULFILLED: "已办理",
    AppointmentState.CANCELLED: "已取消",
    AppointmentState.NO_SHOW: "未到场",
}
NAMES_EN: dict[AppointmentState, str] = {
    AppointmentState.BOOKED: "booked",
    AppointmentState.CHECKED_IN: "checked in",
    AppointmentState.FULFILLED: "served",
    AppointmentState.CANCELLED: "cancelled",
    AppointmentState.NO_SHOW: "missed",
}

# Who checked in and left unserved is cancelled; who checked in and never answered a call did not come.
TRANSITIONS: dict[AppointmentState, frozenset[AppointmentState]] = {
    AppointmentState.BOOKED: frozenset(
        {AppointmentState.CHECKED_IN, AppointmentState.CANCELLED, AppointmentState.NO_SHOW}
    ),
    AppointmentState.CHECKED_IN: frozenset(
        {AppointmentState.FULFILLED, AppointmentState.CANCELLED, AppointmentState.NO_SHOW}
    ),
    AppointmentState.FULFILLED: frozenset(),
    AppointmentState.CANCELLED: frozenset(),
    AppointmentState.NO_SHOW: frozenset(),
}
# Within ten seconds an officer may take back that a visit was over (`queueing.undo`): checked in again.
TAKEN_BACK = frozenset(
    {AppointmentState.FULFILLED, AppointmentState.CANCELLED, AppointmentState.NO_SHOW},
)
# In a village also that somebody came (`queueing.undo_in_village`): booked again.
ARRIVAL_TAKEN_BACK = (AppointmentState.CHECKED_IN, AppointmentState.BOOKED)
OPEN = frozenset(state for state, following in TRANSITIONS.items() if following)
ENDED = frozenset(AppointmentState) - OPEN


class AppointmentStateConflict(Conflict):
    """The appointment has moved on: what was asked for does not follow from its state."""

    code = "appointment_state_conflict"
    zh = "该预约当前为“{state_zh}”，不能改为“{target_zh}”。请刷新后查看最新状态。"
    en = "This appointment is {state_en} and cannot become {target_en}. Please refresh to see how it stands."


def can_become(state: str, target: str) -> bool:
    """Whether `target` may follow `state`."""
    return AppointmentState(target) in TRANSITIONS[AppointmentState(state)]


def ensure_can_become(state: str, target: str) -> None:
    """Raise AppointmentStateConflict unless `target` may follow `state`."""
    if not can_become(state, target):
        raise AppointmentStateConflict(
            state=str(state),
            state_zh=NAMES_ZH[AppointmentState(state)],
            state_en=NAMES_EN[AppointmentState(state)],
            target_zh=NAMES_ZH[AppointmentState(target)],
            target_en=NAMES_EN[AppointmentState(target)],
        )
