"""Tables that people edit in spreadsheets: writing them out, taking them in, and those of booking and below.

Here because halls' offers join the catalogue and the halls, which do not know each other. All tables that
there are: `queueing.tables`.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking import closure_table, device_table, plan_tables, rule_table
from booking.change_reasons import UNSAID, Because
from booking.close import Then
from catalog import guide_table, package_table
from catalog import tables as catalog_tables
from catalog.edit import offer
from catalog.models import HallService, Service
from halls import screen_table
from halls.models import Hall
from halls.queries import list_groups, list_halls
from kernel import audit
from kernel.actor import Actor
from kernel.tables import (
    Column,
    Counts,
    Difference,
    Kind,
    Line,
    Mistakes,
    Row,
    Sheet,
    cells_of,
    compare,
    differences,
    lines_of,
)
from people.licence_table import LICENCES, read_licences, write_licences
from people.tables import STAFF, read_staff, write_staff

OFFERS = Sheet(
    "offers",
    "大厅可办事项",
    "Services of halls",
    (
        Column("hall", "大厅代码", "Hall", "code", needed=True),
        Column("service", "事项代码", "Service", "code", needed=True),
        Column("group", "业务组代码", "Line", "code", needed=True),
    ),
    key=("hall", "service"),
    whole=("hall",),
)


def _own(session: Session, actor: Actor) -> list[Hall]:
    return [hall for hall in list_halls(session) if actor.may("catalog.edit", hall.id)]


def read_offers(session: Session, actor: Actor) -> list[Row]:
    """What one's halls handle, and in which lines."""
    rows = []
    for hall in _own(session, actor):
        groups = {group.id: group.code for group in list_groups(session, hall.id)}
        found = session.execute(
            select(Service.code, HallService.group_id)
            .join(HallService, HallService.service_id == Service.id)
            .where(HallService.hall_id == hall.id)
            .order_by(Service.position, Service.code)
        )
        rows += [{"hall": hall.code, "service": code, "group": groups[group]} for code, group in found]
    return rows


def write_offers(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, now: datetime
) -> None:
    """Write what every hall that the table names handles, whole."""
    halls = {hall.code: hall for hall in _own(session, actor)}
    services = set(session.scalars(select(Service.code)))
    groups = {
        code: {g.code: g.id for g in list_groups(session, hall.id, active=True)}
        for code, hall in halls.items()
    }
    wanted: dict[str, dict[str, int]] = {}
    for line in lines:
        hall, service, group = (line.row[name] for name in ("hall", "service", "group"))
        if hall not in halls:
            mistakes.add(line.number, "hall", zh="没有这个大厅，或不归您管", en="no such hall, or not yours")
        elif group not in groups[hall]:
            mistakes.add(line.number, "group", zh="本大厅没有这个业务组", en="this hall has no such line")
        else:
            wanted.setdefault(hall, {})[service] = groups[hall][group]
        if service not in services:
            mistakes.add(line.number, "service", zh="没有这个事项", en="no such service")
    mistakes.stop_if_any()
    for code, group_of in wanted.items():
        offer(session, halls[code].id, group_of, actor=actor, now=now)


def _read_staff(session: Session, actor: Actor) -> list[Row]:
    return read_staff(session, actor, {hall.id: hall.code for hall in list_halls(session)})


def _write_staff(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, now: datetime
) -> None:
    halls = {hall.code: hall.id for hall in list_halls(session)}
    write_staff(session, lines, mistakes, halls, actor=actor, now=now)


KINDS = (
    *catalog_tables.KINDS,
    guide_table.KIND,
    package_table.KIND,
    Kind(OFFERS, "catalog.edit", read_offers, write_offers, city_wide=False),
    *plan_tables.KINDS,
    closure_table.KIND,
    rule_table.KIND,
    screen_table.KIND,
    device_table.KIND,
    Kind(LICENCES, "licence.edit", read_licences, write_licences),
    Kind(STAFF, "staff.edit", _read_staff, _write_staff, city_wide=False),
)


def export_table(
    session: Session, kind: Kind, *, language: str, actor: Actor, now: datetime
) -> list[list[str]]:
    """The table as text, head first; that it was taken out is audited."""
    rows = kind.read(session, actor)
    subject = ("table", None)
    audit.record(
        session,
        "table.export",
        actor=actor,
        now=now,
        subject=subject,
        table=kind.sheet.code,
        rows=len(rows),
    )
    return cells_of(kind.sheet, rows, language)


def list_differences(
    session: Session, kind: Kind, cells: Sequence[Sequence[str]], *, language: str, actor: Actor
) -> list[Difference]:
    """What taking the table in would change, cell by cell; for a table without mistakes."""
    lines = lines_of(kind.sheet, cells, Mistakes())
    return differences(kind.sheet, kind.read(session, actor), lines, language)


def import_table(
    session: Session,
    kind: Kind,
    cells: Sequence[Sequence[str]],
    *,
    then: Then | None = None,
    because: Because = UNSAID,
    actor: Actor,
    now: datetime,
) -> Counts:
    """Take a table in, all or nothing; what it did. Trying it out is rolling it back afterwards.

    `then` says what is to become of bookings for which a changed plan has no place; who loses
    theirs is told `because`.

    Whoever calls rolls back when it raises, as every transaction does: rows may have been written by then.

    Raises:
        TableInvalid: with every mistake, by line and column.
        BookingsStranded: some would be, and `then` is None.
    """
    mistakes = Mistakes()
    lines = lines_of(kind.sheet, cells, mistakes)
    if not lines and not mistakes.found:
        mistakes.add(1, "", zh="表格里没有内容", en="has no rows")
    wrong = {each.line for each in mistakes.found}
    if wrong and (1 in wrong or kind.sheet.whole is not None):
        mistakes.stop_if_any()  # without its wrong lines the rest would be judged by what is not there
    counts = compare(kind.sheet, kind.read(session, actor), lines)
    right = [line for line in lines if line.number not in wrong]
    told = {"then": then, "because": because} if kind.strands else {}
    kind.write(session, right, mistakes, actor, now, **told)
    mistakes.stop_if_any()
    if counts.new or counts.changed or counts.removed:
        audit.record(
            session,
            "table.import",
            actor=actor,
            now=now,
            subject=("table", None),
            table=kind.sheet.code,
            new=counts.new,
            changed=counts.changed,
            removed=counts.removed,
        )
    session.flush()
    return counts
