"""What is asked of the people of a hall, special requests and appeals: who asks, why, and what was answered.

All of it is personal and sealed; the purpose of each column is the name of its table and what stands in it.
"""

import json
from dataclasses import asdict, dataclass

from booking.models import Appeal, DocumentAppeal, SpecialRequest
from kernel.crypto import cipher


@dataclass(frozen=True, slots=True)
class Asker:
    """Document and verified phone, and the name where it was asked for, as they were typed."""

    identity_kind: str
    identity_number: str
    phone: str
    name: str = ""


def seal_asker(asker: Asker, kind: type[DocumentAppeal | SpecialRequest]) -> bytes:
    """For `person_sealed` of what is asked."""
    text = json.dumps(asdict(asker), ensure_ascii=False)
    return cipher().encrypt(text, f"{kind.__tablename__}.person")


def asker_of(asked: DocumentAppeal | SpecialRequest) -> Asker:
    """Who asks: for those who decide and nobody else."""
    return Asker(**json.loads(cipher().decrypt(asked.person_sealed, f"{asked.__tablename__}.person")))


def reason_of(asked: Appeal | DocumentAppeal | SpecialRequest) -> str:
    """Why: what the citizen wrote."""
    return cipher().decrypt(asked.reason_sealed, f"{asked.__tablename__}.reason")


def answer_of(asked: Appeal | DocumentAppeal | SpecialRequest) -> str:
    """What was answered; empty while nothing was, or where nothing was written."""
    sealed = asked.answer_sealed
    return cipher().decrypt(sealed, f"{asked.__tablename__}.answer") if sealed else ""
