"""Redis clients that fail fast: without Redis a request must go on, not hang.

redis-py retries for four seconds by default; a web request that only wanted to send a nudge would wait.
"""

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

CONNECT_SECONDS = 0.3
ANSWER_SECONDS = 1.0


def make_client(url: str, *, answer_seconds: float | None = ANSWER_SECONDS) -> Redis:
    """Return a client for `url` that tries once.

    Args:
        url: `redis://`, `rediss://` or `unix://` address.
        answer_seconds: longest wait for an answer; None for consumers that block on purpose.
    """
    return Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=answer_seconds,
    )


def is_reachable(client: Redis) -> bool:
    """True when Redis answers a ping within the client's time limits."""
    try:
        return bool(client.ping())
    except RedisError:
        return False
