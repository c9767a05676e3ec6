from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from kernel.db import Database
from runtime import schema
from tests import build


def test_upgrade_from_empty_equals_the_models(test_database: Database):
    with test_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata()) == []


def test_the_builders_make_rows_that_the_database_takes(session):
    hall = build.make_hall(session)
    group = build.make_group(session, hall)
    build.make_counter(session, hall, [group])
    build.make_plan(session, group)
    build.make_service(session, group)
    slot = build.make_slot(session, group, build.at("10:00"))
    build.make_appointment(session, slot)
    build.make_staff(session)
    assert build.make_ticket(session, group).label.startswith("A")
