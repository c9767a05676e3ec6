"""Several services in one visit: what the pages of a basket or a package show, and where they lead.

The services and the guides' answers are in the address and nothing else is: it can be sent to somebody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from catalog.guide import Material, answers_for, format_answers, parse_answers
from catalog.merged import MergedItem, merge
from catalog.models import Service
from catalog.queries import services_of
from halls.models import ServiceGroup
from halls.queries import get_group
from kernel.errors import Invalid
from web.citizen.visit import Visit, get_visit

MOST = 5
Answers = Sequence[tuple[str, str]]


class TooManyServices(Invalid):
    """More than a visit can hold."""

    code = "too_many_services"
    zh = "一次最多一起办 {most} 项。请先去掉一项，或分两次预约。"
    en = "One visit holds {most} services at most. Please remove one, or book twice."


class NothingChosen(Invalid):
    """A visit without a service."""

    code = "nothing_chosen"
    zh = "还没有选要办的事项。请先选择事项。"
    en = "No service is chosen yet. Please choose one first."


@dataclass(frozen=True, slots=True)
class Trip:
    """The services of one visit in order, each with its answers so far."""

    visits: tuple[Visit, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The services' codes."""
        return tuple(visit.code for visit in self.visits)

    @property
    def services(self) -> str:
        """The codes, as links carry them."""
        return ",".join(self.codes)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The answers that count, each with its service's code."""
        return list(chain.from_iterable(map(_pairs, self.visits)))

    @property
    def answers(self) -> str:
        """The answers, as links carry them."""
        return format_answers(self.pairs)

    @property
    def open(self) -> Visit | None:
        """The first service that still has a question."""
        return next((visit for visit in self.visits if not visit.settled), None)

    @property
    def minutes(self) -> int:
        """At the counters, all together."""
        return sum(visit.minutes for visit in self.visits)

    @property
    def fee_fen(self) -> int:
        """What it costs, all together."""
        return sum(visit.fee_fen for visit in self.visits)

    @property
    def papers(self) -> tuple[MergedItem, ...]:
        """What to bring: every paper once, without those that somebody has lost."""
        lost = {code for visit in self.visits if visit.situation for code in visit.situation.lacks}
        return merge(
            [[each for each in visit.items if each.material.code not in lost] for visit in self.visits]
        )

    @property
    def lost_papers(self) -> tuple[Material, ...]:
        """What other services of the visit would ask for, and its owner cannot bring."""
        left = {item.material.name_zh for item in self.papers}
        every = merge([visit.items for visit in self.visits])
        return tuple(item.material for item in every if item.material.name_zh not in left)

    def with_answer(self, visit: Visit, question: str, option: str) -> str:
        """The answers with one more, as links carry them."""
        return format_answers([*self.pairs, (f"{visit.code}.{question}", option)])

    @property
    def before(self) -> str | None:
        """The answers without the last one; None at the first question."""
        return format_answers(self.pairs[:-1]) if self.pairs else None

    def without(self, code: str) -> str:
        """The services without one, as links carry them."""
        return ",".join(each for each in self.codes if each != code)


@dataclass(frozen=True, slots=True)
class Leg:
    """One line of a visit that passes several, from when, and for what."""

    line: ServiceGroup
    starts_at: datetime
    services: list[Service]


@dataclass(frozen=True, slots=True)
class Way:
    """Where the pages of a visit are: those of its only service, or those of several."""

    visits: Sequence[Visit]

    @property
    def fields(self) -> dict[str, str]:
        """What a form that holds a slot carries."""
        if len(self.visits) == 1:
            return {"a": self.visits[0].answers}
        trip = Trip(tuple(self.visits))
        return {"s": trip.services, "a": trip.answers}

    @property
    def query(self) -> dict[str, Any]:
        """The same for a link."""
        return {name: text for name, text in self.fields.items() if text}

    @property
    def codes(self) -> tuple[str, ...]:
        """The services' codes."""
        return tuple(visit.code for visit in self.visits)

    @property
    def chosen(self) -> dict[str, str]:
        """The guides' answers, as a hold takes them."""
        if len(self.visits) == 1:
            step = self.visits[0].step
            return dict(step.answers) if step else {}
        return dict(Trip(tuple(self.visits)).pairs)

    def waitlist(self, hall_code: str, day: str | None = None) -> str:
        """Where one waits for numbers in a hall."""
        return self._beside("citizen.wait_form", "citizen.wait_form_trip", hall_code, day)

    def special(self, hall_code: str, day: str | None = None) -> str:
        """Where one asks a hall for an exception."""
        return self._beside("citizen.special", "citizen.special_trip", hall_code, day)

    def _beside(self, one: str, several: str, hall_code: str, day: str | None) -> str:
        if len(self.visits) == 1:
            only = self.visits[0]
            return url_for(one, code=only.code, hall_code=hall_code, a=only.answers or None, day=day)
        return url_for(several, hall_code=hall_code, day=day, **self.query)

    def halls(self) -> str:
        """Which halls handle it."""
        if len(self.visits) == 1:
            only = self.visits[0]
            return url_for("citizen.halls", code=only.code, a=only.answers or None)
        return url_for("citizen.trip_halls", **self.query)

    def slots(self, hall_code: str) -> str:
        """Which times a hall has for it."""
        if len(self.visits) == 1:
            only = self.visits[0]
            return url_for("citizen.slots", code=only.code, hall_code=hall_code, a=only.answers or None)
        return url_for("citizen.trip_slots", hall_code=hall_code, **self.query)

    def hold(self, hall_code: str) -> str:
        """Where the chosen time is sent to."""
        if len(self.visits) == 1:
            return url_for("citizen.hold_slot", code=self.visits[0].code, hall_code=hall_code)
        return url_for("citizen.hold_trip", hall_code=hall_code)


def get_trip(session: Session, services: str, answers: str) -> Trip:
    """The visit of a link: codes and answers as text.

    Raises:
        NothingChosen, TooManyServices, ServiceUnknown, UnknownAnswer
    """
    codes = list(dict.fromkeys(code.strip() for code in services.split(",")[: 2 * MOST] if code.strip()))
    ensure_room(codes)
    if not codes:
        raise NothingChosen
    known = parse_answers(answers)
    own = {code: format_answers(answers_for(code, known).items()) for code in codes}
    return Trip(tuple(get_visit(session, code, own[code]) for code in codes))


def legs_of(session: Session, legs: Iterable[Mapping[str, Any]]) -> list[Leg]:
    """The lines of a held or booked visit in order; none where there is only one line."""
    return [
        Leg(
            get_group(session, leg["group_id"]),
            datetime.fromisoformat(leg["starts_at"]),
            services_of(session, leg["service_ids"]),
        )
        for leg in legs
    ]


def ensure_room(codes: Iterable[str]) -> None:
    """Raises TooManyServices."""
    if len(set(codes)) > MOST:
        raise TooManyServices(most=MOST)


def _pairs(visit: Visit) -> list[tuple[str, str]]:
    answers: Answers = visit.step.answers if visit.step else ()
    return [(f"{visit.code}.{question}", option) for question, option in answers]
