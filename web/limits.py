"""Rate limits in Redis; while Redis is down each process counts for itself, so limits never vanish."""

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from kernel.settings import Settings
from web import edge

limiter = Limiter(get_remote_address, default_limits=[], in_memory_fallback_enabled=True)

# Phones of one carrier share addresses, so limits are wide: they stop programs, not neighbours.
HOLDS = "60/minute"
_CODES = "60/hour"  # on pages and API together; beside the limits of each phone, which are the use case's


def is_demonstration() -> bool:
    """A played day books for hundreds of people from one address."""
    return edge.parts().settings.demo


codes_limit = limiter.shared_limit(_CODES, scope="phone-codes", exempt_when=is_demonstration)


def register(app: Flask, settings: Settings) -> None:
    """Use the same Redis as everything else."""
    url = settings.redis_url or "memory://"
    app.config.update(
        RATELIMIT_STORAGE_URI=url.replace("unix://", "redis+unix://") if url.startswith("unix://") else url,
        RATELIMIT_STORAGE_OPTIONS={"socket_connect_timeout": 0.3, "socket_timeout": 0.5}
        if url != "memory://"
        else {},
        RATELIMIT_KEY_PREFIX="limit",
        RATELIMIT_HEADERS_ENABLED=False,
    )
    limiter.init_app(app)
