"""Pictures of papers that administrators send in, kept by what they show: the same picture is there once.

A material names one as `upload:HASH`. Pictures are never changed nor removed, so that an earlier version of a
service finds its own again.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from catalog.guide import UPLOADED
from catalog.models import Picture, Service
from catalog.picture_file import Drawn
from kernel import audit
from kernel.actor import Actor
from kernel.errors import NotFound

_HASH = 32


class PictureUnknown(NotFound):
    """No picture of this hash was sent in here."""

    code = "picture_unknown"
    zh = "没有这张图片，请重新上传。"
    en = "There is no such picture. Please send it in again."


def add_picture(session: Session, drawn: Drawn, *, service: Service, actor: Actor, now: datetime) -> str:
    """Keep what `picture_file.draw` made, for a paper of this service; what a material calls it."""
    name = hashlib.sha256(drawn.large).hexdigest()[:_HASH]
    facts = {"large": drawn.large, "small": drawn.small, "width": drawn.width, "height": drawn.height}
    session.execute(insert(Picture).values(name=name, added_at=now, **facts).on_conflict_do_nothing())
    about = ("service", service.id)
    audit.record(session, "picture.add", actor=actor, now=now, subject=about, picture=name)
    return UPLOADED + name


def get_jpeg(session: Session, name: str, *, small: bool) -> bytes:
    """The picture in full or as it stands in a list; raises PictureUnknown."""
    column = Picture.small if small else Picture.large
    found = session.scalar(select(column).where(Picture.name == name))
    if found is None:
        raise PictureUnknown
    return found


def missing_pictures(session: Session, wanted: Iterable[str]) -> set[str]:
    """Which of these names (`upload:HASH`; others are left out) no picture here has."""
    names = {each.removeprefix(UPLOADED) for each in wanted if each.startswith(UPLOADED)}
    if not names:
        return set()
    there = set(session.scalars(select(Picture.name).where(Picture.name.in_(names))))
    return {UPLOADED + name for name in names - there}
