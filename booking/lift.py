"""Lifting a suspension for somebody who stands at the counter with their document, without an appeal.

What was missed in the hall stays what it was and counts no more, as after an appeal that was accepted.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from booking.hall_rules import rules_of
from booking.models import Appointment
from booking.policy import no_show_standing
from booking.standing import missed_by
from booking.turns import wait_for_hall
from halls.models import Hall
from kernel import audit
from kernel.actor import Actor
from kernel.errors import Conflict, Forbidden, Invalid
from people.citizens import find_by_identity
from people.identity import check

REASONS = ("illness", "could_not_cancel", "our_fault", "hardship")


class LiftReasonUnknown(Invalid):
    """A reason is needed, one of the list."""

    code = "lift_reason_unknown"
    zh = "请选择恢复的理由。"
    en = "Please choose why it is lifted."


class NotSuspended(Conflict):
    """Nobody with this document is suspended; said of an unknown one, too."""

    code = "not_suspended"
    zh = "这份证件没有因爽约暂停网上预约。请核对证件号码；没有输错的，可以直接预约。"
    en = (
        "Online booking is not paused for this document. Please check its number; if it is right, its owner "
        "can book."
    )


class SuspendedElsewhere(Conflict):
    """What was missed in other halls is enough for the suspension; these halls decide about it."""

    code = "suspended_elsewhere"
    zh = "爽约发生在其他大厅，须由那里恢复，本人也可在“我的预约”中申诉。今天要办的，请取号或代办预约。"
    en = (
        "The appointments were missed in other halls. They can lift it, or its owner appeals under “My "
        "bookings”. For today, please take a number or book for them."
    )


def lift_suspension(
    session: Session, hall: Hall, *, kind: str, number: str, reason: str, actor: Actor, now: datetime
) -> int:
    """Let the owner of a document, which the officer has in hand, book online again; what counts no more.

    All that they missed in this hall is excused. What was missed in other halls is theirs to excuse.

    Raises:
        Forbidden, LiftReasonUnknown, NotSuspended, SuspendedElsewhere, IdentityMalformed and its like
    """
    if not actor.may("appeal.decide", hall.id):
        raise Forbidden
    if reason not in REASONS:
        raise LiftReasonUnknown
    rules = rules_of(hall)
    identity = check(kind, number, today=rules.date_of(now))
    citizen = find_by_identity(session, identity.kind, identity.number)
    if citizen is None:
        raise NotSuspended
    wait_for_hall(session, hall.id)
    missed = missed_by(citizen.id, policy=rules.policy, now=now)
    mine = missed.where(Appointment.hall_id == hall.id).with_for_update(of=Appointment)
    here = session.execute(mine.execution_options(populate_existing=True)).all()
    others = [at for _each, at in session.execute(missed.where(Appointment.hall_id != hall.id))]
    every = [*others, *(at for _each, at in here)]
    if no_show_standing(every, now=now, policy=rules.policy).suspended_until is None:
        raise NotSuspended
    if no_show_standing(others, now=now, policy=rules.policy).suspended_until is not None:
        raise SuspendedElsewhere
    for each, _at in here:
        each.excused_at = now
    audit.record(
        session,
        "suspension.lift",
        actor=actor,
        now=now,
        subject=("citizen", citizen.id),
        hall_id=hall.id,
        reason=reason,
        missed=len(here),
    )
    return len(here)
