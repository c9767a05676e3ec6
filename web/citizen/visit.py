"""What somebody comes for: a service, the situation their answers lead to, and what to bring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from catalog.guide import (
    ChecklistItem,
    Guide,
    Situation,
    Step,
    UnknownAnswer,
    answers_for,
    checklist,
    format_answers,
    parse_answers,
    plain_checklist,
    walk,
)
from catalog.models import Service
from catalog.queries import find_guide, get_service, materials_of, services_of


@dataclass(frozen=True, slots=True)
class Visit:
    """A service with the answers so far; `answers` is their text for links."""

    service: Service
    guide: Guide | None
    step: Step | None

    @property
    def code(self) -> str:
        """The service's code."""
        return self.service.code

    @property
    def situation(self) -> Situation | None:
        """Where the answers have led, None while questions are open or without a guide."""
        return self.step.situation if self.step else None

    @property
    def answers(self) -> str:
        """The answers that count, as links carry them."""
        return format_answers(self.step.answers) if self.step else ""

    @property
    def minutes(self) -> int:
        """How long it takes at the counter."""
        own = self.situation.minutes if self.situation else None
        return self.service.minutes if own is None else own

    @property
    def fee_fen(self) -> int:
        """What it costs."""
        own = self.situation.fee_fen if self.situation else None
        return self.service.fee_fen if own is None else own

    @property
    def items(self) -> tuple[ChecklistItem, ...]:
        """What to bring: the personal list, or all that may be needed."""
        materials = materials_of(self.service)
        return checklist(self.situation, materials) if self.situation else plain_checklist(materials)

    @property
    def settled(self) -> bool:
        """Whether the list is final: no guide, or all its questions answered."""
        return self.guide is None or self.situation is not None


def get_visit(session: Session, code: str, answers: str) -> Visit:
    """The service of this code with the answers of a link.

    Raises:
        ServiceUnknown, UnknownAnswer
    """
    service = get_service(session, code)
    return _visit(session, service, parse_answers(answers))


def visits_of(session: Session, service_ids: Sequence[int], answers: Mapping[str, Any]) -> list[Visit]:
    """What an appointment or a draft is for. A guide that has changed since falls back to the plain list."""
    visits = []
    for service in services_of(session, service_ids):
        try:
            visits.append(_visit(session, service, answers_for(service.code, answers)))
        except UnknownAnswer:
            visits.append(_visit(session, service, {}))
    return visits


def _visit(session: Session, service: Service, answers: Mapping[str, str]) -> Visit:
    guide = find_guide(session, service)
    return Visit(service, guide, walk(guide, answers) if guide else None)
