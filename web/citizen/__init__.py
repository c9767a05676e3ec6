"""The citizen face: find, book, come, see how the queue stands, rate. Every page works without scripts."""

from importlib import import_module

from flask import Flask

from web.citizen.face import blueprint

PAGES = (
    "home",
    "services",
    "packages",
    "slots",
    "together",
    "basket",
    "waiting",
    "waitlist",
    "first_available",
    "hall_pages",
    "special",
    "appealing",
    "document_appealing",
    "identify",
    "family",
    "returning",
    "posting",
    "confirm",
    "bookings",
    "cancelling",
    "moving",
    "arrival",
    "next_time",
    "mine",
    "account",
    "paper",
    "queue",
    "rating",
)


def register(app: Flask) -> None:
    """Add this face's pages."""
    for name in PAGES:
        import_module(f"web.citizen.{name}")
    app.register_blueprint(blueprint)
