"""The local PostgreSQL and Valkey of one installation, kept alive while the program runs."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from runtime import local_postgres, local_valkey
from runtime.backoff import Backoff
from runtime.server_home import LocalServer, ServerNotStarted

LOOK_SECONDS = 0.2

log = logging.getLogger(__name__)


class LocalServers:
    """Starts what has no address of its own, restarts it when it dies, stops it at the end.

    Args:
        var: directory of this installation's data.
        database_url: address of a PostgreSQL that somebody else runs; empty starts ours.
        redis_url: the same for Redis.
        durable: False turns fsync and the append-only file off (tests, benchmarks).
    """

    def __init__(
        self, var: Path, *, database_url: str = "", redis_url: str = "", durable: bool = True
    ) -> None:
        self.database_url = database_url
        self.redis_url = redis_url
        self._var = var
        self._durable = durable
        self._kept: list[_Kept] = []

    def start(self) -> None:
        """Start the missing servers; afterwards both addresses are known.

        Raises:
            ServerNotStarted: with the reason; what was started before is stopped again.
        """
        try:
            if not self.database_url:
                self.database_url = self._keep(
                    lambda: local_postgres.start(self._var, durable=self._durable), local_postgres.stop
                )
            if not self.redis_url:
                self.redis_url = self._keep(
                    lambda: local_valkey.start(self._var, durable=self._durable), local_valkey.stop
                )
        except BaseException:
            self.stop()
            raise

    def pids(self) -> dict[str, int]:
        """Return name → pid of the servers that we keep."""
        return {kept.server.name: kept.server.pid for kept in self._kept}

    def stop(self) -> None:
        """Stop the servers that we keep, adopted ones too: their installation ends."""
        for kept in reversed(self._kept):
            kept.end()
        self._kept.clear()

    def _keep(self, start: Callable[[], LocalServer], stop: Callable[[LocalServer], None]) -> str:
        kept = _Kept(start, stop)
        self._kept.append(kept)
        return kept.server.url


class _Kept:
    """One server and the thread that looks after it: a slow recovery must not hold up the other one."""

    def __init__(self, start: Callable[[], LocalServer], stop: Callable[[LocalServer], None]) -> None:
        self._start = start
        self._stop = stop
        self._ending = threading.Event()
        self._backoff = Backoff()
        self.server = start()
        self._watcher = threading.Thread(target=self._watch, name=f"keep-{self.server.name}", daemon=True)
        self._watcher.start()

    def end(self) -> None:
        self._ending.set()
        self._watcher.join()
        self._stop(self.server)

    def _watch(self) -> None:
        born = time.monotonic()
        while not self._ending.wait(LOOK_SECONDS):
            if self.server.is_alive() and self.server.socket.exists():
                continue
            log.warning("%s (pid %d) died and is started again", self.server.name, self.server.pid)
            self._ending.wait(self._backoff.after_life_of(time.monotonic() - born))
            if self._ending.is_set():
                return
            born = time.monotonic()
            self._restart()

    def _restart(self) -> None:
        try:
            if self.server.is_alive():  # its socket was removed, so nobody can reach it
                self._stop(self.server)
            self.server = self._start()
        except (ServerNotStarted, OSError) as problem:
            log.error("%s did not come back: %s", self.server.name, problem)  # noqa: TRY400 - the text says all
