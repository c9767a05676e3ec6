"""People come to the hall: who booked checks in, the others take a number at the kiosk."""

import uuid
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from twin.day_file import GREEN
from twin.drive.agenda import Agenda
from twin.drive.hall import DriveHall
from twin.drive.lines import Lines
from twin.drive.records import WAITING, Visit
from twin.drive.server import Refused, Server

_EARLY = timedelta(minutes=30)  # check-in opens so long before the slot
_MARGIN = timedelta(seconds=5)


class Arrivals:
    """Brings everybody in at their times."""

    def __init__(
        self,
        server: Server,
        hall: DriveHall,
        agenda: Agenda,
        lines: Lines,
        visits: MutableMapping[str, Visit],
        *,
        identities: dict[int, str],
        random: Random,
    ) -> None:
        self._server, self._hall, self._agenda, self._lines = server, hall, agenda, lines
        self._visits = visits  # by label
        self._identities = identities
        self._random = random

    def plan(self, visit: Visit) -> None:
        """Put an arrival into the agenda; who booked and does not come has none."""
        if visit.appointment is not None and visit.person.absent:
            return
        how = self._random.choices(("reference", "code", "identity"), (6, 2, 2))[0]
        self._agenda.at(visit.arrives_at, lambda: self._arrive(visit, how))

    def _arrive(self, visit: Visit, how: str) -> None:
        visit.came = True
        try:
            ticket = self._take_number(visit) if visit.appointment is None else self._check_in(visit, how)
        except Refused as refused:
            if refused.code == "check_in_too_early" and visit.slot_at is not None:
                self._agenda.at(visit.slot_at - _EARLY + _MARGIN, lambda: self._arrive(visit, how))
                return
            visit.refusal = refused.code
            return
        self._note(visit, ticket)

    def _check_in(self, visit: Visit, how: str) -> dict[str, Any]:
        shown = {
            "reference": visit.appointment,
            "code": visit.code,
            "identity": self._identities[visit.number],
        }
        answer: dict[str, Any] = self._server.post(
            f"/halls/{self._hall.code}/check-ins", {how: shown[how]}, token=self._hall.kiosk
        )
        return answer

    def _take_number(self, visit: Visit) -> dict[str, Any]:
        body = {
            "group": visit.person.group,
            "services": [self._hall.service_of[visit.person.group]],
            "press_id": uuid.uuid4().hex,
        }
        if visit.person.track == GREEN:
            body |= {"track": "green", "green_reason": "elderly"}
        if visit.phone is not None:
            body["phone"] = visit.phone
        answer: dict[str, Any] = self._server.post(
            f"/halls/{self._hall.code}/tickets", body, token=self._hall.kiosk
        )
        return answer

    def _note(self, visit: Visit, ticket: dict[str, Any]) -> None:
        latest = ticket["latest_at"]
        visit.label, visit.ticket_track, visit.late = ticket["label"], ticket["track"], ticket["late"]
        visit.issued_at = datetime.fromisoformat(ticket["issued_at"])
        visit.latest_at = datetime.fromisoformat(latest) if latest else None
        if not visit.state:  # a counter may have been quicker than this answer
            visit.state = WAITING
        visit.ticket = ticket["reference"]
        self._visits[visit.label] = visit
        wake = self._lines.came(visit.person.group)
        if wake is not None:
            wake()
