"""Browsers that need no code for 90 days, because the owner of the phone said that this phone is theirs.

The browser holds a random token, the database its hash: unlike a signed cookie it can be withdrawn, one by
one or all at once, from any other device. It stands for a verified phone where the worst that a thief can
do is shown masked or undone at the window (book, see, move, cancel). Exporting and deleting one's data ask
for a fresh code whatever the browser.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from kernel import audit
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.ids import new_token, token_hash
from people.citizens import phone_index
from people.models import KnownBrowser

VALID_FOR = timedelta(days=90)
MOST = 5
_LONGEST = 64


def remember(session: Session, phone: str, *, actor: Actor, now: datetime) -> str:
    """A token for this browser; of more than `MOST` browsers the oldest are forgotten."""
    token = new_token()
    row = KnownBrowser(
        token_hash=token_hash(token),
        phone_index=phone_index(phone),
        phone_sealed=cipher().encrypt(phone, "known_browser.phone"),
        created_at=now,
        expires_at=now + VALID_FOR,
    )
    session.add(row)
    session.flush()
    kept = (
        select(KnownBrowser.id)
        .where(KnownBrowser.phone_index == row.phone_index)
        .order_by(KnownBrowser.id.desc())
        .limit(MOST)
    )
    session.execute(
        delete(KnownBrowser).where(KnownBrowser.phone_index == row.phone_index, KnownBrowser.id.not_in(kept))
    )
    audit.record(session, "known_browser.remember", actor=actor, now=now, subject=("known_browser", row.id))
    return token


def find_phone(session: Session, token: str, *, now: datetime) -> str | None:
    """The phone (E.164) that this browser stands for; None when it was withdrawn or is too old."""
    if not token or len(token) > _LONGEST:
        return None
    sealed = session.scalar(
        select(KnownBrowser.phone_sealed).where(
            KnownBrowser.token_hash == token_hash(token),
            KnownBrowser.expires_at > now,
            KnownBrowser.created_at <= now,
        )
    )
    return cipher().decrypt(sealed, "known_browser.phone") if sealed else None


def count_browsers(session: Session, phone: str, *, now: datetime) -> int:
    """How many browsers need no code for this phone."""
    return (
        session.scalar(
            select(func.count()).where(
                KnownBrowser.phone_index == phone_index(phone), KnownBrowser.expires_at > now
            )
        )
        or 0
    )


def forget_this(session: Session, token: str, *, actor: Actor, now: datetime) -> None:
    """Withdraw one browser; an unknown token is no error."""
    _forget(session, KnownBrowser.token_hash == token_hash(token), actor=actor, now=now)


def forget_all(session: Session, phone: str, *, actor: Actor, now: datetime) -> int:
    """Withdraw every browser of this phone; how many there were."""
    return _forget(session, KnownBrowser.phone_index == phone_index(phone), actor=actor, now=now)


def _forget(session: Session, which: object, *, actor: Actor, now: datetime) -> int:
    gone = session.scalars(delete(KnownBrowser).where(which).returning(KnownBrowser.id)).all()  # type: ignore[arg-type]  # a condition
    for browser_id in gone:
        audit.record(
            session, "known_browser.forget", actor=actor, now=now, subject=("known_browser", browser_id)
        )
    return len(gone)
