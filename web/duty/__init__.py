"""The duty face: what people decide. Special requests, appeals, bookings and corrections at the counter."""

from importlib import import_module

from flask import Flask

from web.duty.face import blueprint

PAGES = ("home", "requests", "appeals", "lift", "waitlist", "book", "correct", "extra", "parked", "left")


def register(app: Flask) -> None:
    """Add this face's pages."""
    for name in PAGES:
        import_module(f"web.duty.{name}")
    app.register_blueprint(blueprint)
