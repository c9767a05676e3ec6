"""The floor of call-next: officers who press at once, and a bare view that changes the same rows."""

import asyncio
import hashlib

import psycopg

from bench import http_load as http
from bench.http_load import Client
from bench.stage import MOMENT, Stage
from bench.town import TODAY, Place

_DONE = "UPDATE ticket SET state = 'completed' WHERE hall_id = %s AND state = 'called'"


def burst(stage: Stage, place: Place, tokens: list[str]) -> list[float]:
    """Everybody presses at once; the seconds of each answer. Then all tickets are done with."""
    seconds: list[float] = []
    everybody = asyncio.Barrier(len(tokens))

    async def work(client: Client, clerk: int) -> None:
        wanted = {
            "token": hashlib.sha256(tokens[clerk].encode()).hexdigest(),
            "counter_id": place.counters[clerk],
            "on_date": TODAY.isoformat(),
            "now": MOMENT.isoformat(),
        }
        await client.ask(http.request("GET", "/bytes/2"))
        await everybody.wait()
        answer = await client.ask(http.request("POST", "/call", wanted))
        assert answer.ok  # noqa: S101 - the floor has nothing that it might refuse
        seconds.append(answer.seconds)

    http.all_at_once(stage.floor_port, len(tokens), work)
    with psycopg.connect(stage.dsn, autocommit=True) as connection:
        connection.execute(_DONE, [place.hall_id])
    return seconds
