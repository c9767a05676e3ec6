"""The composition root: settings become the parts that a process works with."""

import json

from kernel import clock, crypto
from kernel.crypto import Cipher
from kernel.db import Database, make_engine
from kernel.parts import Parts
from kernel.settings import Settings, SettingsInvalid
from runtime import day_lists, logs
from runtime.doctor import check_all
from runtime.redis_client import make_client


def build(settings: Settings) -> Parts:
    """Set this process's keys, clock and logs, and return its database and Redis client.

    Connects to nothing yet: a process starts while its servers are still coming up.

    Raises:
        SettingsInvalid: an address is missing.
    """
    missing = [
        f"{name} is not set; `youhao up` starts servers of its own and tells its processes"
        for name, value in (("DATABASE_URL", settings.database_url), ("REDIS_URL", settings.redis_url))
        if not value
    ]
    if missing:
        raise SettingsInvalid(missing)
    logs.configure(settings.log_level)
    crypto.configure(_cipher(settings))
    clock.use_demo_file(None if settings.production else settings.clock_file)
    day_lists.use(settings.lists or settings.var / "lists")
    database = Database(make_engine(settings.database_url))
    return Parts(settings, database, make_client(settings.redis_url), check_all)


def _cipher(settings: Settings) -> Cipher:
    """Keys from the settings; outside production also those that `youhao up` made in `var`.

    Without either, they are derived from the secret, so that a development database stays readable.
    """
    data_key, index_key = settings.data_key, settings.index_key
    kept = settings.var / "secrets.json"
    if not (data_key and index_key) and not settings.production and kept.exists():
        known = json.loads(kept.read_text(encoding="utf-8"))
        data_key, index_key = data_key or known["data_key"], index_key or known["index_key"]
    return Cipher.from_texts(
        data_key or f"{settings.secret_key}:data",
        index_key or f"{settings.secret_key}:index",
        settings.data_key_previous,
    )
