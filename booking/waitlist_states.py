"""PURE: the life of somebody's wait for a number."""

from enum import StrEnum


class WaitState(StrEnum):
    """waiting → offered → taken, or back to waiting while offers are left; the value is stored.

    LAPSED: no offer was taken. LEFT: given up. EXPIRED: the days have passed.
    """

    WAITING = "waiting"
    OFFERED = "offered"
    TAKEN = "taken"
    LAPSED = "lapsed"
    LEFT = "left"
    EXPIRED = "expired"


OPEN_WAITS = (WaitState.WAITING, WaitState.OFFERED)
