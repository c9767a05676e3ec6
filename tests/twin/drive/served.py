"""A server in this process: the real application, database and Redis, and one who works the jobs off."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from werkzeug.serving import make_server

from kernel import clock
from kernel.actor import SYSTEM
from kernel.parts import Parts
from people.staff import NewStaff, create_staff
from runtime.doctor import check_all
from runtime.drain import drain
from tests.web.apps import app_for

PASSWORD = "a password of tests"


@contextmanager
def serve(parts: Parts, folder: Path) -> Iterator[str]:
    """Serve a demonstration until the block ends; gives its address."""
    settings = replace(parts.settings, env="demo", clock_file=folder / "clock.json")
    parts = replace(parts, settings=settings, deep_check=check_all)
    with parts.database.transaction() as session:
        admin = NewStaff("admin", "管理员", PASSWORD, ("admin",), None, "")
        create_staff(session, admin, actor=SYSTEM, now=clock.now())
    clock.use_demo_file(settings.clock_file)
    server = make_server("127.0.0.1", 0, app_for(parts), threaded=True)
    stop = threading.Event()
    threads = [
        threading.Thread(target=server.serve_forever, name="server"),
        threading.Thread(target=_work, args=(parts, stop), name="jobs"),
    ]
    for thread in threads:
        thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        stop.set()
        server.shutdown()
        for thread in threads:
            thread.join()
        server.server_close()
        clock.use_demo_file(None)


def _work(parts: Parts, stop: threading.Event) -> None:
    """What relay and workers do, one after the other."""
    while not stop.wait(0.05):
        drain(parts)
