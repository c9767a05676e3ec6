"""The signals that ask us to end: counted, so that no step is cut off in its middle."""

import signal
from types import FrameType
from typing import Any, Self

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopSignals:
    """Counts SIGTERM, SIGINT and SIGHUP while entered; may be entered again inside itself."""

    def __init__(self) -> None:
        self.count = 0
        self._depth = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if self._depth == 0:
            self._before = {sign: signal.signal(sign, self._on_signal) for sign in SIGNALS}
        self._depth += 1
        return self

    def __exit__(self, *_error: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            for sign, handler in self._before.items():
                signal.signal(sign, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
