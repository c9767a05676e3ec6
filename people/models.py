"""Citizens with a checked identity, one-time codes, staff, devices, sign-in tokens."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base


class Citizen(Base):
    """A person by identity document. Names, numbers and phones are encrypted (purposes below).

    `identity_index` is the blind index of kind and number; purposes are `citizen.name`,
    `citizen.number`, `citizen.phone`. Of somebody who was erased nothing of this is left; while missed
    appointments still count against them the keyed hash stays (`people.personal_data`).
    """

    __tablename__ = "citizen"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    identity_kind: Mapped[str] = mapped_column(String(32))
    identity_index: Mapped[bytes | None] = mapped_column(LargeBinary(16), unique=True)
    number_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(16), index=True)
    language: Mapped[str] = mapped_column(String(8), default="zh")
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class PhoneCode(Base):
    """A one-time code sent to a phone. The code is derived from `seed`; it is stored nowhere.

    `hall_id` is the hall whose budget paid for it; None for what concerns no hall yet.
    """

    __tablename__ = "phone_code"
    __table_args__ = (
        Index("ix_phone_code_phone", "phone_index", "created_at"),
        Index("ix_phone_code_hall", "hall_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(16))
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    seed: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    hall_id: Mapped[int | None] = mapped_column(BigInteger)
    used_at: Mapped[datetime | None]


class SavedPerson(Base):
    """Someone whom the owner of a phone books for: themselves or family, kept because they said so.

    Name and number are encrypted (`saved_person.name`, `saved_person.number`); the owner is known by the
    blind index of a verified phone.
    """

    __tablename__ = "saved_person"
    __table_args__ = (UniqueConstraint("phone_index", "identity_index"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(16))
    relation: Mapped[str] = mapped_column(String(12), default="self")
    identity_kind: Mapped[str] = mapped_column(String(32))
    identity_index: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    name_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]


class Licence(Base):
    """An electronic licence that somebody holds, by the blind index of their document: no name, no number.

    `kind` is what materials name as their `licence`; without `valid_until` it does not expire.
    """

    __tablename__ = "licence"
    __table_args__ = (UniqueConstraint("identity_index", "kind"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    identity_index: Mapped[bytes] = mapped_column(LargeBinary(16))
    kind: Mapped[str] = mapped_column(String(32))
    valid_until: Mapped[date | None]
    recorded_at: Mapped[datetime]


class KnownBrowser(Base):
    """A browser whose owner asked not to be sent codes: it holds a token, and stands for a verified phone.

    The token itself is stored nowhere; the phone is encrypted (purpose `known_browser.phone`).
    """

    __tablename__ = "known_browser"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Staff(Base):
    """Someone who works here. `roles` name sets of permissions in `people.permissions`.

    Every session of a browser carries the `session_epoch` in which it began: raising it ends them all.
    """

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    badge: Mapped[str] = mapped_column(String(20), default="")
    password_hash: Mapped[str] = mapped_column(String(200))
    roles: Mapped[list[str]] = mapped_column(JSONB, default=list)
    hall_ids: Mapped[list[int] | None] = mapped_column(JSONB(none_as_null=True))
    active: Mapped[bool] = mapped_column(default=True)
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    session_epoch: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class Device(Base):
    """A kiosk or a call screen, enrolled by staff; holds a token that can be withdrawn.

    `shows` is what a call screen shows: empty for the whole hall, `zone:east`, `window:3`. `printer` is where
    a kiosk prints: empty for the button of its page, `browser` for a browser that prints without asking, or
    the address of a network printer, `192.0.2.7:9100`.
    """

    __tablename__ = "device"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    hall_id: Mapped[int] = mapped_column(BigInteger, index=True)
    name: Mapped[str] = mapped_column(String(60))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    shows: Mapped[str] = mapped_column(String(32), default="", server_default="")
    printer: Mapped[str] = mapped_column(String(60), default="", server_default="")
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class DevicePairing(Base):
    """A device that waits to be enrolled: it shows `code` and holds the secret; times are real time.

    The secret becomes the device's token, so nothing has to be carried to the device. The row goes when staff
    have typed the code, or with the next one that is asked for after it ran out.
    """

    __tablename__ = "device_pairing"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    code: Mapped[str] = mapped_column(String(8), unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ApiToken(Base):
    """A bearer token of a staff member for `/api/v1`; times are real time."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Setting(Base):
    """A value of the whole installation that administrators edit, by name."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(String(48), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(default=1)
