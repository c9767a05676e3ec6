"""What happens to people's accounts, and to devices."""

from dataclasses import dataclass

from kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class PhoneCodeRequested(Event):
    """A one-time code is to be sent; the code itself is derived when the message is sent."""

    code_id: int
    language: str


@dataclass(frozen=True, slots=True)
class DeviceChanged(Event):
    """A kiosk or a screen was withdrawn, or shows or prints elsewhere: the hall's pages look again."""

    device_id: int
    hall_id: int
