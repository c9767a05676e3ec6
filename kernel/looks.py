"""Who looked at whose personal data: in the audit once for each person who looks, row and kind of data.

A page that reads itself again every few seconds is one look.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import audit
from kernel.actor import Actor
from kernel.audit import AuditEntry


def note_look(
    session: Session,
    what: Collection[str],
    *,
    subject: tuple[str, int],
    hall_id: int | None,
    actor: Actor,
    now: datetime,
) -> None:
    """Record that `actor` was shown `what` (codes: name, number, phone, address) of the person of `subject`.

    What the same actor was shown of it before is not recorded again. Written before the page goes out, in
    its transaction: who cannot be recorded sees nothing.
    """
    if not what:
        return
    known: set[str] = set()
    entries = select(AuditEntry.details).where(
        AuditEntry.subject_kind == subject[0],
        AuditEntry.subject_id == subject[1],
        AuditEntry.action == "person.view",
        AuditEntry.actor_kind == actor.kind,
        AuditEntry.actor_id == actor.id,
    )
    for details in session.scalars(entries):
        known.update(details["what"])
    new = sorted(set(what) - known)
    if new:
        audit.record(session, "person.view", actor=actor, now=now, subject=subject, hall_id=hall_id, what=new)
