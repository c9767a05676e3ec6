"""Bearer tokens of staff for `/api/v1`. Only their hash is kept; times are real time."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from kernel.actor import Actor
from kernel.direct import Direct, Statement
from kernel.ids import new_token, token_hash
from people.models import ApiToken, Staff
from people.staff import staff_actor

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


_WHOSE = Statement("""
SELECT staff.id, staff.roles, staff.hall_ids
FROM api_token JOIN staff ON staff.id = api_token.staff_id
WHERE api_token.token_hash = :token AND api_token.expires_at > :real_now AND api_token.revoked_at IS NULL
  AND staff.active
""")


def find_actor(direct: Direct, token: str, *, real_now: datetime) -> Actor | None:
    """Whose token this is and what they may do; None if it ran out, was revoked, or its owner has left.

    Every request with a token asks.
    """
    row = direct.find(_WHOSE, {"token": token_hash(token), "real_now": real_now})
    return None if row is None else staff_actor(*row)


def revoke(session: Session, token: str, *, real_now: datetime) -> bool:
    """Withdraw a token; whether there was one to withdraw."""
    revoked = session.scalar(
        update(ApiToken)
        .where(ApiToken.token_hash == token_hash(token), ApiToken.revoked_at.is_(None))
        .values(revoked_at=real_now)
        .returning(ApiToken.id)
    )
    return revoked is not None
