"""What appeals and special requests share: each step of either is audited with its states."""

from datetime import datetime

from sqlalchemy.orm import Session

from booking.models import Appeal, SpecialRequest
from kernel import audit
from kernel.actor import Actor


def record(
    session: Session,
    asked: Appeal | SpecialRequest,
    action: str,
    states: tuple[str | None, str],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Audit a step of what somebody asked for; a request says its kind, an appeal what it is about."""
    session.flush()
    appeal = isinstance(asked, Appeal)
    about = {"appointment": asked.appointment_id} if isinstance(asked, Appeal) else {"kind": asked.kind}
    audit.record(
        session,
        action,
        actor=actor,
        now=now,
        subject=("appeal" if appeal else "special_request", asked.id),
        hall_id=asked.hall_id,
        states=states,
        **about,
    )
