"""The database schema: all models in one place, and migrations run under a lock."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, text

import booking.models
import catalog.models
import feedback.models
import halls.models
import kernel.audit
import kernel.history
import kernel.job_run
import kernel.outbox
import migrations
import notifications.models
import people.models
import queueing.after_models
import queueing.forecast_models
import queueing.models
from kernel.db import Base

# Every module that declares tables: importing it is what registers them.
TABLE_MODULES = (
    booking.models,
    catalog.models,
    feedback.models,
    halls.models,
    kernel.audit,
    kernel.history,
    kernel.outbox,
    notifications.models,
    people.models,
    queueing.after_models,
    queueing.forecast_models,
    queueing.models,
)

_LOCK = 0x596F7568616F  # "Youhao": two processes must not migrate at once


def metadata() -> MetaData:
    """Every table of the program."""
    return Base.metadata


def alembic_config(url: str) -> Config:
    """Alembic's configuration without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(next(iter(migrations.__path__)))))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def head() -> str:
    """The newest revision that this program knows."""
    revision = ScriptDirectory.from_config(alembic_config("")).get_current_head()
    if revision is None:
        raise RuntimeError("no migrations found")
    return revision


def current(engine: Engine) -> str | None:
    """The revision of the database, None when it is empty."""
    with engine.connect() as connection:
        if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
            return None
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")))


def upgrade(engine: Engine, url: str) -> None:
    """Bring the database to the newest revision; waits for another process that is doing so."""
    if current(engine) == head():
        return
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        connection.commit()
        try:
            command.upgrade(alembic_config(url), "head")
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()


def knows(revision: str) -> bool:
    """Whether this program's migrations include `revision` (False: data of another version)."""
    script = ScriptDirectory.from_config(alembic_config(""))
    return any(known.revision == revision for known in script.walk_revisions())
