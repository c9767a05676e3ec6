"""Public references: unguessable (128 bits), safe in URLs, never the row's id."""

import hashlib
import secrets


def new_reference() -> str:
    """A fresh public reference of 22 URL-safe characters (128 random bits)."""
    return secrets.token_urlsafe(16)


def new_token() -> str:
    """A fresh secret for a device, a session or a hold (192 random bits)."""
    return secrets.token_urlsafe(24)


def token_hash(token: str) -> bytes:
    """What is stored of a secret that is random enough to need no slow hash."""
    return hashlib.sha256(token.encode()).digest()
