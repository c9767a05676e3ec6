"""The end of `make faults` shows how long everything took to come back."""

import pytest

from tests.faults.stage import MEASURED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MEASURED:
        terminalreporter.section("measured")
    for line in MEASURED:
        terminalreporter.line(line)
