"""Whose budget a one-time code is taken from: that of the hall it concerns, or the installation's."""

from sqlalchemy.orm import Session

from halls.models import Hall
from halls.queries import policy
from people.code_budget import CodeBudget, Payer, city_payer


def payer_of(session: Session, hall: Hall | None) -> Payer:
    """The budget, as the hall's policy `phone_codes` or the setting of that name says."""
    if hall is None:
        return city_payer(session)
    return Payer(hall.id, CodeBudget.from_mapping(policy(hall, "phone_codes")))
