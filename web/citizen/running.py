"""The booking that this browser is in the middle of; the cookie of its hold outlives the window."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, after_this_request, current_app, g, request
from sqlalchemy.orm import Session

from booking.hold import DRAFTS_KEPT_FOR, find_draft, read_form, save_form
from booking.models import Appointment, Draft, Slot
from booking.slot_sessions import session_of_this
from halls.models import Hall
from halls.queries import get_hall_by_id
from halls.sessions import ExtraSession
from kernel.errors import NotFound
from web import edge
from web.citizen.trip import Leg, legs_of
from web.citizen.visit import Visit, visits_of

HOLD_KEY = "hold"


class NothingRunning(NotFound):
    """This browser holds no number, or did so more than a day ago."""

    code = "nothing_running"
    zh = "您还没有选好时段。请先选择事项、大厅和时间，再填写信息。"
    en = "No time has been chosen yet. Please choose a service, a hall and a time first."


@dataclass(frozen=True, slots=True)
class Running:
    """A draft with what its pages show. `reference` is set once it was booked."""

    token: str
    draft: Draft
    form: dict[str, Any]
    hall: Hall
    visits: list[Visit]
    starts_at: datetime
    ends_at: datetime
    seconds_left: int
    reference: str | None
    extra: ExtraSession | None = None
    legs: Sequence[Leg] = ()


def hold_token() -> str | None:
    """The token in this browser's cookie."""
    token: str | None = g.get("hold_token", request.cookies.get(HOLD_KEY))
    return token or None


def remember_hold(token: str) -> None:
    """Go on with this hold. It stays after the booking: a second press finds the first one's result.

    The cookie lives as long as the draft: a session's cookie dies with the window that a chat app closes.
    """
    g.hold_token = token

    @after_this_request
    def keep(answer: Response) -> Response:
        answer.set_cookie(
            HOLD_KEY,
            token,
            max_age=int(DRAFTS_KEPT_FOR.total_seconds()),
            httponly=True,
            samesite="Lax",
            secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        )
        return answer


def forget_hold() -> None:
    """Begin anew: this browser is in the middle of nothing."""
    g.hold_token = ""

    @after_this_request
    def drop(answer: Response) -> Response:
        answer.delete_cookie(HOLD_KEY, httponly=True, samesite="Lax")
        return answer


def running_booking() -> Running:
    """What this browser is filling in.

    Raises:
        NothingRunning
    """
    token = hold_token()
    if token is None:
        raise NothingRunning
    with edge.transaction() as session:
        found = find_running(session, token)
        if found is None:
            raise NothingRunning
        return found


def unfinished_booking(session: Session) -> Running | None:
    """What was left in the middle and can still be gone on with: offered on the home page."""
    token = hold_token()
    found = find_running(session, token) if token else None
    if found is None or found.reference or found.starts_at <= edge.now():
        return None
    return found


def find_running(session: Session, token: str) -> Running | None:
    """What is being filled in under this token; None when it is unknown or more than a day old."""
    draft = find_draft(session, token, now=edge.now())
    return _running(session, token, draft, now=edge.now()) if draft else None


def _running(session: Session, token: str, draft: Draft, *, now: datetime) -> Running:
    slot = session.get_one(Slot, draft.slot_id)
    booked = session.get_one(Appointment, draft.appointment_id) if draft.appointment_id else None
    hall = get_hall_by_id(session, draft.hall_id)
    return Running(
        token=token,
        draft=draft,
        form=read_form(draft),
        hall=hall,
        visits=visits_of(session, draft.service_ids, draft.answers),
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        seconds_left=max(0, int((draft.held_until - now).total_seconds())),
        reference=booked.reference if booked else None,
        extra=session_of_this(session, slot, tz=ZoneInfo(hall.time_zone)),
        legs=legs_of(session, draft.legs),
    )


def order_of(form: Mapping[str, Any]) -> tuple[int, int]:
    """Which of two states of a form is the later: presses count turns, savings count within one."""
    return int(form.get("turn") or 0), int(form.get("seq") or 0)


def next_turn(form: Mapping[str, Any]) -> dict[str, int]:
    """A press begins a new turn: what a page saved before and what arrives late is older than it."""
    return {"turn": order_of(form)[0] + 1, "seq": 0}


def keep_unless_older(
    token: str, order: tuple[int, int], change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """Keep what a page saved by itself; savings overtake each other on the way, and the latest must win."""
    with edge.transaction() as session:
        draft = find_draft(session, token, now=edge.now())
        if draft is None:
            raise NothingRunning
        session.refresh(draft, with_for_update=True)
        before = read_form(draft)
        if order > order_of(before):
            form = change(before) | {"turn": order[0], "seq": order[1]}
            save_form(session, token, form, now=edge.now())


def keep_form(token: str, form: Mapping[str, Any]) -> None:
    """Keep what was typed, encrypted, before anything is checked: a mistake must cost no typing."""
    with edge.transaction() as session:
        save_form(session, token, form, now=edge.now())
