"""What a benchmark runs on: servers in a temporary folder, the real web server, and the floor's."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import psycopg
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock
from kernel.parts import Parts
from kernel.settings import Settings
from runtime import schema, tether
from runtime.build import build
from runtime.local_servers import LocalServers
from runtime.ports import find_free
from runtime.server_home import socket_directory
from runtime.up import environment_of, gunicorn
from web import limits
from web.app import create_app

#: A Monday, 09:30 in Shanghai; the clock of a benchmark stands still there, so that holds do not run out.
MOMENT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
_START_SECONDS = 120.0  # of a machine that does much else
_SERVER_LOG = "server.log"


class NotEmpty(Exception):
    """The database named by DATABASE_URL holds something; a benchmark fills and empties its own."""


class NotStarted(Exception):
    """A server did not come up."""


_APPS: list[Flask] = []  # a process has one: blueprints are registered once


@dataclass(frozen=True)
class Stage:
    """The parts of this process, and the ports of the web server and of the floor."""

    parts: Parts
    port: int
    floor_port: int

    @cached_property
    def client(self) -> FlaskClient:
        """The application in this process, without a server between: to count statements, not to time."""
        app = _APPS[0] if _APPS else create_app(self.parts)
        app.extensions["youhao"] = self.parts
        limits.register(app, self.parts.settings)
        _APPS[:] = [app]
        return app.test_client()

    @property
    def dsn(self) -> str:
        """The database for psycopg alone, for statements that write millions of rows."""
        return self.parts.settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1)


@contextmanager
def stage(*, database_url: str = "", redis_url: str = "") -> Iterator[Stage]:
    """Start everything, and end and remove it afterwards.

    Raises:
        NotEmpty: a given database holds tables.
    """
    folder = Path(tempfile.mkdtemp(prefix="youhao-bench-"))
    servers = LocalServers(folder, database_url=database_url, redis_url=redis_url)
    try:
        servers.start()
        settings = Settings(
            database_url=servers.database_url,
            redis_url=servers.redis_url,
            var=folder,
            clock_file=folder / "clock.json",
            proxy_hops=1,  # every citizen has an address of their own
            port=find_free(),
            log_level="ERROR",
        )
        with _prepared(settings) as parts, _served(parts) as made:
            yield made
    finally:
        for pid in servers.pids().values():  # they need not finish writing what is removed below
            os.kill(pid, signal.SIGQUIT)
        servers.stop()
        clock.use_demo_file(None)
        shutil.rmtree(socket_directory(folder), ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _prepared(settings: Settings) -> Iterator[Parts]:
    """The database empty at first and empty at last."""
    parts = build(settings)
    dsn = settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    _ensure_empty(dsn)
    try:
        assert settings.clock_file is not None  # noqa: S101 - given just above
        clock.set_demo(settings.clock_file, MOMENT, 0.0)
        schema.upgrade(parts.database.engine, settings.database_url)
        yield parts
    finally:
        parts.database.dispose()
        parts.redis.close()
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")


def _ensure_empty(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
            "WHERE nspname = 'public'"
        ).fetchone()
    if tables and tables[0]:
        raise NotEmpty("DATABASE_URL names a database that is not empty. Give an empty one, or none.")


@contextmanager
def _served(parts: Parts) -> Iterator[Stage]:
    made = Stage(parts, parts.settings.port, find_free())
    floor = gunicorn(replace(parts.settings, port=made.floor_port))
    floor[floor.index("wsgi:app")] = "bench.floors:app"
    with (
        running(gunicorn(parts.settings), parts.settings, f"http://127.0.0.1:{made.port}/health/ready"),
        running(
            floor, parts.settings, f"http://127.0.0.1:{made.floor_port}/bytes/2", FLOOR_DATABASE=made.dsn
        ),
    ):
        yield made


@contextmanager
def running(argv: list[str], settings: Settings, url: str, **environment: str) -> Iterator[int]:
    """A process of the stage, ended with all its children; its pid, once `url` (if any) answers."""
    log = settings.var / _SERVER_LOG
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(tether.__file__), str(os.getpid()), *argv],
            cwd=Path(__file__).parents[1],
            env={**os.environ, **environment_of(settings), **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
        )
    try:
        if url:
            _wait_for(url, process, log)
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # with its workers: nobody waits for an answer any more
        process.wait()


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ends_at = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < ends_at:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.1)
    raise NotStarted(f"the server did not come up: {log.read_text(errors='replace')[-800:]}")
