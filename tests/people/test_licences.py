from datetime import date

import pytest
from sqlalchemy import select

from booking.tables import export_table, import_table
from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from kernel.tables import TableInvalid
from people import licences
from people.citizens import identity_index
from people.models import Licence
from people.sample_ids import sample_passport, sample_resident_id
from queueing.tables import KINDS
from tests.conftest import NOW

HEAD = ["identity_kind", "identity_number", "licence", "valid_until", "active"]
TODAY = date(2026, 3, 2)
NUMBER = sample_resident_id(5)


def take_in(session, *rows):
    return import_table(session, KINDS["licences"], [HEAD, *map(list, rows)], actor=SYSTEM, now=NOW)


def held(session, number=NUMBER, kind="resident_id", on=TODAY):
    return licences.find_licences(session, identity_index(kind, number), on=on)


def test_licences_come_from_a_table_and_are_found_until_they_expire(session):
    take_in(
        session,
        ("", NUMBER, "id-card", "2026-03-31", "是"),
        ("", NUMBER, "household-register", "", "是"),
        ("passport_cn", sample_passport(1), "residence-permit", "2027-01-01", "yes"),
    )
    assert held(session) == {"id-card": date(2026, 3, 31), "household-register": None}
    assert held(session, on=date(2026, 3, 31)).keys() == {"id-card", "household-register"}
    assert held(session, on=date(2026, 4, 1)).keys() == {"household-register"}
    assert held(session, sample_passport(1), "passport_cn") == {"residence-permit": date(2027, 1, 1)}
    assert held(session, sample_resident_id(6)) == {}


def test_a_second_table_renews_and_takes_out(session):
    take_in(
        session, ("", NUMBER, "id-card", "2026-03-31", "是"), ("", NUMBER, "household-register", "", "是")
    )
    take_in(
        session, ("", NUMBER, "id-card", "2036-03-31", "是"), ("", NUMBER, "household-register", "", "否")
    )
    assert held(session) == {"id-card": date(2036, 3, 31)}


def test_mistakes_are_named_and_nothing_is_taken(session):
    with pytest.raises(TableInvalid) as refused:
        take_in(
            session, ("", "44990119900101000X", "id-card", "", "是"), ("dog", NUMBER, "id-card", "soon", "是")
        )
    assert {(each.line, each.column) for each in refused.value.mistakes} >= {
        (2, "identity_number"),
        (3, "valid_until"),
    }


def test_the_register_keeps_no_number_and_gives_nothing_out(session):
    take_in(session, ("", NUMBER, "id-card", "", "是"))
    row = session.scalars(select(Licence)).one()
    assert NUMBER.encode() not in row.identity_index
    cells = export_table(session, KINDS["licences"], language="zh", actor=SYSTEM, now=NOW)
    assert len(cells) == 1
    assert NUMBER not in str([vars(entry) for entry in session.scalars(select(AuditEntry))])


def test_another_register_can_take_its_place(session):
    class Elsewhere:
        def find(self, _session, person, *, on):
            return {"id-card": on} if person else {}

    licences.use(Elsewhere())
    try:
        assert held(session) == {"id-card": TODAY}
    finally:
        licences.use(licences.BuiltInRegister())


def test_what_has_long_expired_is_taken_out(session):
    take_in(
        session, ("", NUMBER, "id-card", "2025-03-31", "是"), ("", NUMBER, "household-register", "", "是")
    )
    licences.forget_expired(session, before=TODAY)
    assert [row.kind for row in session.scalars(select(Licence))] == ["household-register"]
