"""Chromium as phones, kiosks, windows and screens, and what each of their pages owes its readers."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.chromium import PATIENCE_MS
from tests.web.chinese_words import ChineseWords

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE, KIOSK, DESK, SCREEN = (390, 844), (1080, 1920), (1440, 900), (1920, 1080)


@dataclass
class Faces:
    """Browser contexts beside each other, each a device of its own. `complaints` is what their pages said."""

    browser: Browser
    url: str
    complaints: list[str] = field(default_factory=list)
    scale: float = 1
    _contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, size: tuple[int, int], **options: Any) -> Page:
        """The one page of a new device."""
        width, height = size
        context = self.browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": height},
            locale="zh-CN",
            reduced_motion="reduce",
            **{"device_scale_factor": self.scale, **options},
        )
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self._hear(page, said))
        return page

    def phone(self, **options: Any) -> Page:
        return self.open(PHONE, is_mobile=True, has_touch=True, **options)

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        self._contexts.clear()

    def _hear(self, page: Page, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(f"{page.url}: {said.text}")


@dataclass
class Inspector:
    """Looks at pages as a strict reader would: a picture of each, axe, nothing cut off at the side."""

    folder: Path
    found: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def look(self, page: Page, name: str, rules: list[str] = RULES) -> None:
        page.wait_for_load_state()
        page.screenshot(path=self.folder / f"{len(self.seen):02d}-{name}.png")
        self.seen.append(name)
        self.found += [f"{name}: {problem}" for problem in [*axe_violations(page, rules), *overflow(page)]]

    def read_english(self, page: Page, name: str, *typed: str) -> None:
        """Nothing stands there in Chinese but what contains a word that somebody typed."""
        said = ChineseWords(page.content()).found
        self.found += [f"{name}: {text}" for text in said if not any(each in text for each in typed)]


def axe_violations(page: Page, rules: list[str]) -> list[str]:
    told = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]}).response
    return [f"{rule['id']}: {node['html'][:160]}" for rule in told["violations"] for node in rule["nodes"]]


def overflow(page: Page) -> list[str]:
    """What makes the page wider than its device."""
    width = (page.viewport_size or {"width": 0})["width"]
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    if wide <= width:
        return []
    culprits = page.evaluate(
        """width => [...document.querySelectorAll('body *')]
           .filter((one) => one.getBoundingClientRect().right > width + 1)
           .slice(0, 3).map((one) => one.outerHTML.slice(0, 120))""",
        width,
    )
    return [f"{wide} px wide on {width}: {culprits}"]
