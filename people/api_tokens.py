"""Bearer tokens of staff for `/api/v1`. Only their hash is kept; times are real time."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel.ids import new_token, token_hash
from people.models import ApiToken, Staff

DEFAULT_LIFETIME = timedelta(hours=12)


def create(
    session: Session, staff: Staff, *, real_now: datetime, lifetime: timedelta = DEFAULT_LIFETIME
) -> str:
    """A fresh token; it is shown once and stored nowhere."""
    token = new_token()
    session.add(
        ApiToken(
            staff_id=staff.id,
            token_hash=token_hash(token),
            created_at=real_now,
            expires_at=real_now + lifetime,
        )
    )
    return token


def find_staff(session: Session, token: str, *, real_now: datetime) -> Staff | None:
    """Whose token this is, unless it ran out, was revoked, or its owner has left."""
    return session.scalar(
        select(Staff)
        .join(ApiToken, ApiToken.staff_id == Staff.id)
        .where(
            ApiToken.token_hash == token_hash(token),
            ApiToken.expires_at > real_now,
            ApiToken.revoked_at.is_(None),
            Staff.active,
        )
    )


def revoke(session: Session, token: str, *, real_now: datetime) -> bool:
    """Withdraw a token; whether there was one to withdraw."""
    revoked = session.scalar(
        update(ApiToken)
        .where(ApiToken.token_hash == token_hash(token), ApiToken.revoked_at.is_(None))
        .values(revoked_at=real_now)
        .returning(ApiToken.id)
    )
    return revoked is not None
