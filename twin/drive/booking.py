"""The days before: everybody who wants to book does, from several phones at once."""

import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from booking.peak import solve
from people.sample_ids import DISTINCT, sample_resident_id
from twin.day_file import BOOKED
from twin.drive.hall import DriveHall
from twin.drive.phones import Phones
from twin.drive.records import Visit
from twin.drive.server import Refused, Server

_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
_GIVEN = "安博晨达恩帆广涵佳凯岚敏宁清瑞欣"
_TRIES = 5  # somebody may be quicker each time


def identity_of(visit: Visit, first: int) -> str:
    """A number of the fictional county, different for everyone of a run that begins at `first`."""
    return sample_resident_id((first + visit.number) % DISTINCT)


def name_of(visit: Visit) -> str:
    """A name of two or three characters."""
    number = visit.number
    return _SURNAMES[number % 16] + _GIVEN[number // 16 % 16] + _GIVEN[number // 256 % 16]


class Booking:
    """Books visits one by one; safe from several threads."""

    def __init__(
        self, server: Server, hall: DriveHall, phones: Phones, identities: Mapping[int, str]
    ) -> None:
        self._server, self._hall, self._phones = server, hall, phones
        self._identities = identities

    def book_all(self, visits: Sequence[Visit], *, hands: int) -> None:
        """Book everyone whose track is booked, in the order given, so many at a time."""
        wanting = [visit for visit in visits if visit.person.track == BOOKED]
        with ThreadPoolExecutor(hands) as pool:
            for _done in pool.map(self._book, wanting):
                pass

    def _book(self, visit: Visit) -> None:
        held = self._hold(visit)
        if held is None:
            return
        token, starts_at = held
        self._server.post("/phone-codes", {"phone": visit.phone, "language": "zh"})
        code = self._phones.wait_for_code(visit.phone or "")
        verified = self._server.post("/phone-codes/verify", {"phone": visit.phone, "code": code})
        body = {
            "hold_token": token,
            "name": name_of(visit),
            "identity_kind": "resident_id",
            "identity_number": self._identities[visit.number],
            "phone_token": verified["phone_token"],
            "language": "zh",
        }
        booked = self._server.post("/appointments", body, key=uuid.uuid4().hex)
        visit.appointment, visit.code = booked["reference"], booked["code"]
        visit.arrives_at += starts_at - (visit.wanted_slot_at or starts_at)
        visit.slot_at = starts_at

    def _hold(self, visit: Visit) -> tuple[str, datetime] | None:
        """(token, start) of the wanted half-hour or the nearest free one of the day; None: all are taken."""
        starts_at = visit.wanted_slot_at
        for _try in range(_TRIES):
            if starts_at is None:
                return None
            body = {
                "hall": self._hall.code,
                "services": [self._hall.service_of[visit.person.group]],
                "starts_at": starts_at.isoformat(),
            }
            try:
                held = self._hold_with_proof(body)
            except Refused as refused:
                if refused.code not in ("slot_full", "slot_unknown"):
                    raise
                starts_at = self._nearest_free(visit)
            else:
                return held["token"], datetime.fromisoformat(held["starts_at"])
        return None

    def _hold_with_proof(self, body: dict[str, Any]) -> Any:
        """Hold; at a release peak do the work that is asked for, as a phone does."""
        try:
            return self._server.post("/holds", body)
        except Refused as refused:
            if refused.code != "proof_required":
                raise
            challenge = refused.problem["challenge"]
        return self._server.post("/holds", body, proof=f"{challenge}:{solve(challenge)}")

    def _nearest_free(self, visit: Visit) -> datetime | None:
        answer = self._server.get(
            f"/halls/{self._hall.code}/availability",
            service=self._hall.service_of[visit.person.group],
            **{"from": self._hall.on_date.isoformat(), "days": 1},
        )
        wanted = visit.wanted_slot_at or visit.arrives_at
        free = [
            datetime.fromisoformat(slot["starts_at"])
            for day in answer["days"]
            for slot in day["slots"]
            if slot["free"]
        ]
        return min(free, key=lambda starts_at: abs(starts_at - wanted), default=None)
