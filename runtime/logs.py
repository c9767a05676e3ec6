"""Logs of our processes: one line each to stderr, which the supervisor keeps. Never personal data."""

import logging

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def configure(level: str) -> None:
    """Set the level and the format, unless somebody (gunicorn, pytest) has done so."""
    logging.basicConfig(level=level.upper(), format=FORMAT)
    # They log every job, request and migration; ours say what matters.
    for name in ("rq.worker", "rq.job", "twilio.http_client", "urllib3", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
