"""Nudges: "something about this topic changed, fetch it again". They carry no content.

A nudge that is lost costs seconds, never truth, so publishing never fails a request. Who may listen to
what is decided where the page is made: it signs the topics into a token that the live process checks.
"""

import re
from collections.abc import Iterable

from itsdangerous import BadData, URLSafeTimedSerializer
from redis import Redis
from redis.exceptions import RedisError

CHANNEL_PREFIX = "live:"
TOKEN_SECONDS = 24 * 3600  # a wall screen reloads its page once a day
TOPICS_LIMIT = 20  # topics that one page may listen to
TOPIC = re.compile(r"[A-Za-z0-9:_.-]{1,100}")


def publish(client: Redis, topics: Iterable[str]) -> bool:
    """Nudge every listener of `topics`, each once. Best effort: False when Redis did not take it.

    Call it after the commit; the client's own short time limits bound how long it takes.
    """
    try:
        with client.pipeline(transaction=False) as pipeline:
            for topic in dict.fromkeys(topics):
                pipeline.publish(CHANNEL_PREFIX + topic, b"")
            pipeline.execute()
    except (RedisError, OSError):
        return False
    return True


def sign_topics(secret: str, topics: Iterable[str]) -> str:
    """Return the token that allows its bearer to listen to `topics`."""
    return str(_serializer(secret).dumps({"t": list(topics)}))


def read_topics(secret: str, token: str) -> frozenset[str]:
    """Return the topics that `token` allows; none when it is forged or older than `TOKEN_SECONDS`."""
    try:
        payload = _serializer(secret).loads(token, max_age=TOKEN_SECONDS)
    except BadData:
        return frozenset()
    topics = payload.get("t") if isinstance(payload, dict) else None
    return frozenset(topic for topic in topics or () if isinstance(topic, str))


def _serializer(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="live")
