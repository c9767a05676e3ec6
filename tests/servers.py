"""One PostgreSQL and one Valkey for a test session: real servers, started as the product starts them."""

import shutil
from collections.abc import Callable
from pathlib import Path

from runtime import local_postgres, local_valkey
from runtime.server_home import socket_directory


def start_test_servers(tmp: Path) -> tuple[str, str, Callable[[], None]]:
    """Start both with their data under `tmp`, without fsync.

    Returns:
        The SQLAlchemy URL of an empty database, the Redis URL, and the function that ends both and
        removes what they made.
    """
    postgres = local_postgres.start(tmp, durable=False)
    try:
        valkey = local_valkey.start(tmp, durable=False)
    except BaseException:
        local_postgres.stop(postgres)
        raise

    def stop() -> None:
        local_valkey.stop(valkey)
        local_postgres.stop(postgres)
        shutil.rmtree(socket_directory(tmp), ignore_errors=True)
        shutil.rmtree(tmp, ignore_errors=True)

    return postgres.url, valkey.url, stop
