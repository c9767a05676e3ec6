"""The stage on a real socket."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from tests.chromium import PATIENCE_MS
from tests.front_end.stage import State, make_stage


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def stage(state: State) -> Iterator[str]:
    """Base address of the stage."""
    server = make_server("127.0.0.1", 0, make_stage(state), threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    state.down = True
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(chromium: Browser, stage: str) -> Iterator[Page]:
    """A page that fails its test when a script or the content security policy complains."""
    context = chromium.new_context(base_url=stage, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    yield page
    context.close()
    assert complaints == []
