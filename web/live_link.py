"""Addresses of live streams: signed, so that a page may listen only to its own topics."""

from urllib.parse import urlencode

from kernel.nudge import sign_topics
from kernel.settings import Settings


def stream_url(settings: Settings, *topics: str) -> str:
    """Where a page listens for nudges on `topics`, for example `hall:3`."""
    query = urlencode({"topics": ",".join(topics), "token": sign_topics(settings.secret_key, topics)})
    return f"{settings.live_base_url}/live/stream?{query}"
