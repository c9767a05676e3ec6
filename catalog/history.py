"""What services, guides, packages and synonyms looked like: kept with each change, shaped as their files.

The shape is that of the data files, so that an earlier state comes back through the same checks as any edit.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from catalog.models import Guide, Service
from catalog.package_file import PackageRow
from kernel.actor import Actor
from kernel.history import find_newest, keep

SERVICE, GUIDE, PACKAGE, SYNONYMS = "service", "guide", "package", "synonyms"
ALL_SYNONYMS = "all"
_SAME_NAME = (
    "position", "name_zh", "name_en", "summary_zh", "summary_en", "minutes", "fee_fen", "fee_note_zh",
    "fee_note_en", "handling_zh", "handling_en", "online_url", "online_note_zh", "online_note_en", "by_post",
    "machine_zh", "machine_en",
    "keywords", "ways", "pay", "materials",
)  # fmt: skip


def service_content(service: Service) -> dict[str, Any]:
    """A service as its file says it, without its guide and its halls."""
    return {**{name: getattr(service, name) for name in _SAME_NAME}, "group": service.group_code}


def keep_service(session: Session, service: Service, *, actor: Actor, now: datetime, note: str = "") -> None:
    """Keep the service as it is now."""
    keep(session, (SERVICE, service.code), service_content(service), actor=actor, now=now, note=note)


def keep_guide(
    session: Session,
    service: Service,
    tree: dict[str, Any] | None,
    *,
    actor: Actor,
    now: datetime,
    note: str = "",
) -> None:
    """Keep the published guide of the service; that a service has none is a state too, but not its first."""
    if tree is not None or find_newest(session, GUIDE, service.code) is not None:
        keep(session, (GUIDE, service.code), {"tree": tree}, actor=actor, now=now, note=note)


def keep_first(
    session: Session, service: Service, guide: Guide | None, *, actor: Actor, now: datetime
) -> None:
    """Keep what was there before the first change, where nothing was kept yet."""
    if find_newest(session, SERVICE, service.code) is None:
        keep_service(session, service, actor=actor, now=now)
    if guide is not None and find_newest(session, GUIDE, service.code) is None:
        keep_guide(session, service, guide.tree, actor=actor, now=now)


def keep_packages(session: Session, packages: Sequence[PackageRow], *, actor: Actor, now: datetime) -> None:
    """Keep each package that differs from what was kept of it."""
    for package in packages:
        content = {name: _plain(value) for name, value in asdict(package).items()}
        keep(session, (PACKAGE, package.code), content, actor=actor, now=now)


def keep_synonyms(session: Session, groups: Sequence[Sequence[str]], *, actor: Actor, now: datetime) -> None:
    """Keep all groups of words, as one."""
    content = {"groups": [list(group) for group in groups]}
    keep(session, (SYNONYMS, ALL_SYNONYMS), content, actor=actor, now=now)


def _plain(value: Any) -> Any:
    """As JSON gives it back: lists for tuples."""
    return list(value) if isinstance(value, tuple) else value
