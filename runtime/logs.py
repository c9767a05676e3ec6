"""Logs of our processes: one line each to stderr, which the supervisor keeps. Never personal data."""

import logging

import structlog

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def configure(level: str) -> None:
    """Set the level and the format, unless somebody (gunicorn, pytest) has done so."""
    logging.basicConfig(level=level.upper(), format=FORMAT)
    # Its default prints the local variables of every frame of an exception: names and numbers among them.
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    # They log every job, request and migration; ours say what matters.
    for name in ("rq.worker", "rq.job", "twilio.http_client", "urllib3", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
