"""What every page owes its readers: axe, sizes of targets and text, narrow screens, no scripts, few bytes."""

import gzip
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.front_end.stage import WEB

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FACES = ["form", "form?care=1", "form?lang=en", "desk", "cockpit", "board", "kiosk", "home", "slots"]


def list_violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": RULES}).response
    assert found["passes"]
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]


@pytest.mark.browser
@pytest.mark.parametrize("face", FACES)
def test_axe_finds_nothing(page: Page, face: str) -> None:
    page.goto(f"/{face}")
    assert list_violations(page) == []


@pytest.mark.browser
@pytest.mark.parametrize("face", ["desk", "cockpit"])
def test_axe_finds_nothing_in_the_dark(page: Page, face: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"/{face}")
    assert list_violations(page) == []


@pytest.mark.browser
@pytest.mark.parametrize(("path", "least"), [("/form", 44), ("/form?care=1", 60), ("/kiosk", 96)])
def test_targets_are_large_enough(page: Page, path: str, least: int) -> None:
    page.goto(path)
    sizes = page.evaluate(
        """() => [...document.querySelectorAll('a:not(.skip-link), button, .input, select, .choice label')]
           .filter((element) => element.getClientRects().length)
           .map((element) => [element.getBoundingClientRect().height + 0.5, element.outerHTML])"""
    )
    assert [entry for entry in sizes if entry[0] < least] == []


@pytest.mark.browser
@pytest.mark.parametrize(("path", "base"), [("/form", 17), ("/form?care=1", 22)])
def test_text_is_as_large_as_promised_and_fits_a_narrow_phone(page: Page, path: str, base: int) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(path)
    read = "() => parseFloat(getComputedStyle(document.querySelector('.weui-cell')).fontSize)"
    assert page.evaluate(read) >= base
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 320


@pytest.mark.browser
def test_forms_work_without_scripts(chromium: Browser, stage: str) -> None:
    context = chromium.new_context(base_url=stage, java_script_enabled=False)
    page = context.new_page()
    page.goto("/desk")
    page.get_by_role("button", name="叫下一位").click()
    page.wait_for_url("**/desk")
    assert page.locator(".big-number").inner_text() == "A002"
    context.close()


def test_a_first_visit_stays_small() -> None:
    paths = ["vendor/weui.min.css", "vendor/htmx.min.js", "css/base.css", "css/citizen.css"]
    assert sum(compressed(WEB / "static" / path) for path in paths) <= 55 * 1024


def test_modules_stay_small() -> None:
    for module in (WEB / "static" / "js").glob("*.js"):
        assert len(module.read_text(encoding="utf-8").splitlines()) < 200, module.name


def test_templates_have_no_inline_script_or_style() -> None:
    for template in (WEB / "templates").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert "style=" not in text, template
        assert "<style" not in text, template
        assert "<script>" not in text, template
        assert not any(f" on{name}=" in text for name in ("click", "load", "submit", "change", "input")), (
            template
        )


def compressed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))
