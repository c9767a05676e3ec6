"""What appeals and special requests share: each step of any of them is audited with its states."""

from datetime import datetime

from sqlalchemy.orm import Session

from booking.models import Appeal, DocumentAppeal, SpecialRequest
from kernel import audit
from kernel.actor import Actor


def record(
    session: Session,
    asked: Appeal | DocumentAppeal | SpecialRequest,
    action: str,
    states: tuple[str | None, str],
    *,
    actor: Actor,
    now: datetime,
    hall_id: int | None = None,
    **details: int,
) -> None:
    """Audit a step of what somebody asked for, in its hall unless it has gone on from another (`hall_id`).

    A request says its kind, an appeal against a missed appointment what it is about.
    """
    session.flush()
    about: dict[str, int | str] = {**details}
    if isinstance(asked, Appeal):
        about["appointment"] = asked.appointment_id
    elif isinstance(asked, SpecialRequest):
        about["kind"] = asked.kind
    audit.record(
        session,
        action,
        actor=actor,
        now=now,
        subject=(asked.__tablename__, asked.id),
        hall_id=hall_id or asked.hall_id,
        states=states,
        **about,
    )
