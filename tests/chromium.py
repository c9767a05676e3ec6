"""The system's Chromium, without a window and without a way outside."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, expect, sync_playwright

from tools.need_chromium import HOW_TO_GET_IT, find_chromium

PATIENCE_MS = 120_000  # after which something is taken as never coming, on a busy machine too
ARGS = [
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    # No name resolves but this machine's own address.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@contextmanager
def start_chromium() -> Iterator[Browser]:
    """One at a time: Playwright's sync API cannot be entered twice. Ask `find_chromium` first."""
    path = find_chromium()
    assert path is not None, HOW_TO_GET_IT
    expect.set_options(timeout=PATIENCE_MS)
    args = [*ARGS, "--no-sandbox"] if os.geteuid() == 0 else ARGS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=args)
        try:
            yield browser
        finally:
            browser.close()


def follow(what: Locator) -> None:
    """Press a link or button and wait for the page it leads to: until then the page before would answer."""
    with what.page.expect_navigation():
        what.click()
