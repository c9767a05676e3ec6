"""Other people of the day, who book, come and are served by the API while a story is told in browsers."""

import re
import time
from dataclasses import dataclass, field
from datetime import datetime

from tests.journey.api import Office
from tests.journey.hands import HALL, Person

CODE_SECONDS = 30
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


@dataclass
class Crowd:
    """`office` is the administrator's; `passwords` those of the demonstration's accounts."""

    office: Office
    passwords: dict[str, str]
    _windows: dict[int, Office] = field(default_factory=dict)

    def book(self, person: Person, service: str, starts_at: datetime) -> str:
        """From the hold to the appointment; the six digits for the kiosk."""
        held = self.office.post("holds", hall=HALL, services=[service], starts_at=starts_at.isoformat())
        self.office.post("phone-codes", phone=person.phone)
        verified = self.office.post("phone-codes/verify", phone=person.phone, code=self._code(person.phone))
        booked = self.office.post(
            "appointments",
            hold_token=held["token"],
            name=person.name,
            identity_kind="resident_id",
            identity_number=person.number,
            phone_token=verified["phone_token"],
        )
        return str(booked["code"])

    def _code(self, phone: str) -> str:
        deadline = time.monotonic() + CODE_SECONDS
        while time.monotonic() < deadline:
            for message in self.office.get("simulator/messages?limit=1000")["messages"]:
                found = _CODE.search(message["text"])
                if message["phone"].endswith(phone) and "验证码" in message["text"] and found:
                    return found.group()
            time.sleep(0.1)
        raise AssertionError(f"no code for {phone}")

    def check_in(self, code: str) -> None:
        self.office.post(f"halls/{HALL}/check-ins", code=code)

    def take(self, group: str, service: str) -> None:
        """A number without a booking and without a phone."""
        self.office.post(f"halls/{HALL}/tickets", group=group, services=[service])

    def open(self, counter: int) -> None:
        name = f"window{counter:02d}"
        self._windows[counter] = Office(self.office.url, name, self.passwords[name])
        self._at(counter, "open")

    def call(self, counter: int, *, serve: bool = True) -> str:
        """Call the next; the ticket's label."""
        label = str(self._at(counter, "call-next")["ticket"]["label"])
        if serve:
            self._windows[counter].post(f"halls/{HALL}/tickets/{label}/start")
        return label

    def finish(self, counter: int, label: str) -> None:
        self._windows[counter].post(f"halls/{HALL}/tickets/{label}/complete")

    def _at(self, counter: int, verb: str) -> dict[str, dict[str, str]]:
        return self._windows[counter].post(f"halls/{HALL}/counters/{counter}/{verb}")
