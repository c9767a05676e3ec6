"""Schemathesis against the application on a port of this machine, bounded in time."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from werkzeug.serving import make_server

from tests.web.api.town import Town

# A well-formed body may still break a rule of the business: the code says which.
BUSINESS_REFUSALS = ["2xx", "401", "403", "404", "409", "422", "429"]
# It would withdraw the token that the whole run works with.
LEFT_OUT = "/api/v1/sign-out"


def fuzz(
    town: Town, *, seconds: float, examples: int, known: dict[str, Any], cover: bool = True
) -> tuple[int, list[str]]:
    """How many requests were made, and what is wrong.

    `known` are parts of addresses that exist; `cover` also walks through the limits of every field.
    """
    config = SchemathesisConfig.from_dict(
        {
            "max-time": seconds,
            "headers": {"Authorization": f"Bearer {town.tokens['admin']}"},
            "parameters": known,
            "generation": {
                "max-examples": examples,
                "deterministic": True,
                "database": "none",
                "no-shrink": True,
            },
            "checks": {"positive_data_acceptance": {"expected-statuses": BUSINESS_REFUSALS}},
            "phases": {"stateful": {"enabled": False}, "coverage": {"enabled": cover}},
        }
    )
    made, wrong = 0, []
    with _served(town) as url:
        loaded = schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json", config=config)
        for event in from_schema(loaded.exclude(path=LEFT_OUT)).execute():
            if isinstance(event, events.ScenarioFinished):
                made += len(event.recorder.interactions)
                wrong += _failures(event.recorder)
            elif isinstance(event, events.NonFatalError | events.FatalError):
                wrong.append(repr(getattr(event, "value", None) or getattr(event, "exception", event)))
    return made, sorted(set(wrong))


@contextmanager
def _served(town: Town) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, town.app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _failures(recorder: Any) -> list[str]:
    failed = [check for checks in recorder.checks.values() for check in checks if check.failure_info]
    return [
        f"{recorder.label}: {check.name}: {check.failure_info.failure.message}\n"
        f"{check.failure_info.code_sample}"
        for check in failed
    ]
