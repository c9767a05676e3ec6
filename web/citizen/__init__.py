"""The citizen face."""

from flask import Flask


def register(app: Flask) -> None:
    """Add this face's pages."""
    del app
