"""The hall's faces on a real socket, looked at by the system's Chromium."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from tests.chromium import PATIENCE_MS

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def open_page(browser: Browser, address: str, width: int, height: int, **values: object) -> Page:
    context = browser.new_context(base_url=address, viewport={"width": width, "height": height}, **values)
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


def list_violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": RULES}).response
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]


def is_too_wide(page: Page) -> bool:
    return page.evaluate("() => document.documentElement.scrollWidth > innerWidth")


def small_targets(page: Page, least: int) -> list[str]:
    """Buttons, links and fields lower than `least` CSS px."""
    sizes = page.evaluate(
        """() => [...document.querySelectorAll('a:not(.skip-link), button, .input, summary, .choice label')]
           .filter((one) => one.getClientRects().length)
           .map((one) => [one.getBoundingClientRect().height + 0.5, one.outerHTML.slice(0, 80)])"""
    )
    return [html for height, html in sizes if height < least]


def torn_words(page: Page) -> list[str]:
    """Days and times cut by the end of a line, and cells of tables that show a letter or two a line."""
    return page.evaluate(TORN)


TORN = """() => {
  const linesOf = (node, from, to) => {
    const range = document.createRange();
    range.setStart(node, from);
    range.setEnd(node, to);
    const boxes = [...range.getClientRects()].filter((box) => box.width > 1);
    return new Set(boxes.map((box) => Math.round(box.top))).size;
  };
  const found = [];
  const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.data, holder = node.parentElement;
    if (!text.trim() || !holder.checkVisibility() || holder.closest('.visually-hidden, option')) continue;
    for (const moment of text.matchAll(/^\\s*\\d{4}-\\d\\d-\\d\\d|\\d{1,2}:\\d\\d|\\d{1,2}月\\d{1,2}日/g))
      if (linesOf(node, moment.index, moment.index + moment[0].length) > 1) found.push(`torn: ${moment[0]}`);
    const lines = linesOf(node, 0, text.length);
    const thin = lines > 2 && text.trim().length / lines < 2.5;
    if (thin && holder.closest('td, th')) found.push(`thin: ${text.trim()}`);
  }
  return [...new Set(found)];
}"""

READER = """(text) => {
  const at = document.activeElement;
  const facts = { bubbles: true, cancelable: true };
  for (const sign of text) {
    if (sign < '\\x7f') at.dispatchEvent(new KeyboardEvent('keydown', { key: sign, ...facts }));
    else at.dispatchEvent(new InputEvent('beforeinput', { data: sign, inputType: 'insertText', ...facts }));
  }
  at.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ...facts }));
}"""


def type_as_a_reader(page: Page, text: str) -> None:
    """All keys within a moment, as scanners do: a busy machine would put gaps between those of Playwright."""
    page.evaluate(READER, text)
