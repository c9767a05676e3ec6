"""Own servers and directories for tests that kill: nothing here touches the servers of the session."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime import local_postgres, local_valkey
from runtime.server_home import LocalServer, socket_directory

StartServer = Callable[..., LocalServer]


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    """The directory of an installation. As root it lies in a 0700 directory that `nobody` cannot enter."""
    directory = tmp_path / "var"
    yield directory
    shutil.rmtree(socket_directory(directory), ignore_errors=True)


def _starter(start: StartServer, stop: Callable[[LocalServer], None]) -> Iterator[StartServer]:
    started: list[LocalServer] = []

    def run(var: Path, **options: bool) -> LocalServer:
        server = start(var, **{"durable": False, **options})
        started.append(server)
        return server

    yield run
    for server in started:
        if server.is_alive():
            stop(server)
        shutil.rmtree(server.socket.parent, ignore_errors=True)


@pytest.fixture
def start_postgres() -> Iterator[StartServer]:
    yield from _starter(local_postgres.start, local_postgres.stop)


@pytest.fixture
def start_valkey() -> Iterator[StartServer]:
    yield from _starter(local_valkey.start, local_valkey.stop)
