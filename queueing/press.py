"""The id of a press as it is stored: pages and programs choose it, so it may be of any length."""

import hashlib

_LONGEST = 64


def stored(press_key: str | None) -> str | None:
    """A short plain key as it is, anything else as its hash; an empty one is none."""
    if not press_key:
        return None
    plain = len(press_key) <= _LONGEST and press_key.isascii() and press_key.isprintable()
    return press_key if plain else hashlib.sha256(press_key.encode("utf-8", "replace")).hexdigest()
