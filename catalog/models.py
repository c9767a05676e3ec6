"""What can be done: services with their materials, and guides that lead to a personal checklist."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base


class Service(Base):
    """A matter (事项). `materials` is the plain list; a guide replaces it by a personal one.

    Fees are in fen. `minutes` is the planned length at the counter. `group_code` is the default line;
    `keywords` are citizens' own words; `by_post` says that the result can be sent home. `ways` are the
    classes of 四办, `pay` the ways to pay: the names of `catalog.service_file`. `machine_*` say
    which self-service machine does it, and where it stands; empty when none does.
    """

    __tablename__ = "service"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    code: Mapped[str] = mapped_column(String(48), unique=True)
    group_code: Mapped[str] = mapped_column(String(16))
    name_zh: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(120))
    summary_zh: Mapped[str] = mapped_column(Text, default="")
    summary_en: Mapped[str] = mapped_column(Text, default="")
    minutes: Mapped[int]
    fee_fen: Mapped[int] = mapped_column(default=0)
    fee_note_zh: Mapped[str] = mapped_column(String(200), default="")
    fee_note_en: Mapped[str] = mapped_column(String(200), default="")
    materials: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    keywords: Mapped[list[str]] = mapped_column(JSONB, default=list)
    ways: Mapped[list[str]] = mapped_column(JSONB, default=list)
    pay: Mapped[list[str]] = mapped_column(JSONB, default=list)
    online_url: Mapped[str] = mapped_column(String(300), default="")
    online_note_zh: Mapped[str] = mapped_column(String(200), default="")
    online_note_en: Mapped[str] = mapped_column(String(200), default="")
    machine_zh: Mapped[str] = mapped_column(String(200), default="", server_default="")
    machine_en: Mapped[str] = mapped_column(String(200), default="", server_default="")
    handling_zh: Mapped[str] = mapped_column(String(120), default="")
    handling_en: Mapped[str] = mapped_column(String(120), default="")
    by_post: Mapped[bool] = mapped_column(default=False, server_default="false")
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


class Picture(Base):
    """What a paper looks like, as JPEG: `large` in full, `small` for lists; `name` is made from the dots."""

    __tablename__ = "picture"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    large: Mapped[bytes] = mapped_column(LargeBinary)
    small: Mapped[bytes] = mapped_column(LargeBinary)
    width: Mapped[int]
    height: Mapped[int]
    added_at: Mapped[datetime]


class HallService(Base):
    """A hall offers a service in one of its groups."""

    __tablename__ = "hall_service"
    __table_args__ = (UniqueConstraint("hall_id", "service_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hall_id: Mapped[int] = mapped_column(BigInteger, index=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), index=True)
    group_id: Mapped[int] = mapped_column(BigInteger, index=True)


class Guide(Base):
    """The question tree of a service: questions → situations → checklists, as `catalog.guide` reads it."""

    __tablename__ = "guide"

    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), primary_key=True)
    tree: Mapped[dict[str, Any]] = mapped_column(JSONB)


class GuideDraft(Base):
    """A guide being edited, that citizens do not see yet; it may still have mistakes."""

    __tablename__ = "guide_draft"

    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), primary_key=True)
    tree: Mapped[dict[str, Any]] = mapped_column(JSONB)
    changed_at: Mapped[datetime]
    staff_id: Mapped[int | None] = mapped_column(BigInteger)


class SearchSynonym(Base):
    """Words that mean the same to a citizen who searches; the first stands for all of them."""

    __tablename__ = "search_synonym"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    words: Mapped[list[str]] = mapped_column(JSONB)


class Package(Base):
    """One thing (一件事): services, by code and in order, that people need together."""

    __tablename__ = "package"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    code: Mapped[str] = mapped_column(String(48), unique=True)
    position: Mapped[int] = mapped_column(default=0)
    name_zh: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(120))
    summary_zh: Mapped[str] = mapped_column(Text, default="")
    summary_en: Mapped[str] = mapped_column(Text, default="")
    elsewhere_zh: Mapped[str] = mapped_column(Text, default="")
    elsewhere_en: Mapped[str] = mapped_column(Text, default="")
    services: Mapped[list[str]] = mapped_column(JSONB, default=list)
    keywords: Mapped[list[str]] = mapped_column(JSONB, default=list)
