"""The web application of a test: building one takes a quarter of a second, so tests of one kind share it."""

from dataclasses import replace
from pathlib import Path

from flask import Flask

from kernel.parts import Parts
from kernel.settings import Settings
from web import limits
from web.app import create_app

_apps: dict[Settings, Flask] = {}
_last: Settings | None = None


def app_for(parts: Parts) -> Flask:
    """The application of these settings, now over these parts.

    Settings that differ only in where the test keeps its files are of one kind.
    """
    global _last  # noqa: PLW0603 - as the limiter of the process, which this follows
    kind = replace(parts.settings, var=Path(), clock_file=parts.settings.clock_file and Path("clock.json"))
    if kind not in _apps:
        _apps[kind] = create_app(parts)
    elif kind != _last:
        limits.register(_apps[kind], parts.settings)  # it counts where it was last told to
    _last = kind
    app = _apps[kind]
    app.extensions["youhao"] = parts
    return app
