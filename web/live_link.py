"""Addresses of live streams: signed, so that a page may listen only to its own topics."""

from itsdangerous import URLSafeTimedSerializer

from kernel.settings import Settings


def stream_url(settings: Settings, *topics: str) -> str:
    """Where a page listens for nudges on `topics`, for example `hall:3`."""
    token = URLSafeTimedSerializer(settings.secret_key, salt="live").dumps({"t": list(topics)})
    return f"{settings.live_base_url}/live/stream?token={token}"
