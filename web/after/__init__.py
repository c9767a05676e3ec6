"""After the counter: tasks until their results are collected, owed papers, and the day's report."""

from importlib import import_module

from flask import Flask

from web.after.face import blueprint

PAGES = ("home", "tasks", "owed", "day")


def register(app: Flask) -> None:
    """Add this face's pages."""
    for name in PAGES:
        import_module(f"web.after.{name}")
    app.register_blueprint(blueprint)
