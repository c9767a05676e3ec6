"""The live process: holds thousands of open event streams (SSE) and passes nudges on.

`GET /live/stream?topics=a,b&token=...` sends
    `nudge`    {"topic": ..., "id": n}: fetch this again (at most five times a second for one listener);
    `refetch`  fetch everything again: something may have been missed;
    `beat`     {"fed": true|false} every 10 s: the line is alive; not fed means Redis is down and the page
               should ask by itself.
A stream ends after about ten minutes; the browser comes back by itself with its Last-Event-ID, as a header or
as `last_event_id` in the address (which needs no leave of another origin).
"""

import asyncio
import json
import logging
import random
import resource
import signal
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from kernel.nudge import CHANNEL_PREFIX, TOPIC, TOPICS_LIMIT, read_topics
from runtime.live_hub import Hub, Listener

BEAT_SECONDS = 10.0
LIFE_SECONDS = 600.0
GAP_SECONDS = 0.2  # after telling a listener something, so long is gathered before the next
WRITE_SECONDS = 20.0  # a listener that takes longer is gone
QUIET_SECONDS = 5.0  # so long Redis may be silent before it is asked whether it lives
BACKOFF_SECONDS = (0.1, 2.0)
WRITE_BUFFER = 16 * 1024
OPEN_FILES = 65_536

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """What the live process must know. `allow_origin` is the public base address of the pages."""

    host: str
    port: int
    redis_url: str
    secret: str
    allow_origin: str


CONFIG: Final = web.AppKey("config", LiveConfig)
HUB: Final = web.AppKey("hub", Hub)


def run(config: LiveConfig) -> None:
    """Serve until SIGTERM or SIGINT, then end all streams at once."""
    _allow_many_streams()
    asyncio.run(_serve(config))


def make_app(config: LiveConfig, hub: Hub) -> web.Application:
    """Return the application; `hub` is fed by `follow`."""
    app = web.Application()
    app[CONFIG] = config
    app[HUB] = hub
    app.router.add_get("/live/stream", stream, allow_head=False)
    app.router.add_get("/live/health", health)
    return app


async def _serve(config: LiveConfig) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    hub = Hub()
    feeding = asyncio.create_task(follow(hub, config.redis_url), name="follow")
    runner = web.AppRunner(
        make_app(config, hub), access_log=None, handler_cancellation=True, shutdown_timeout=1.0
    )
    await runner.setup()
    site = web.TCPSite(runner, config.host, config.port, backlog=1024)
    await site.start()
    await stop.wait()
    feeding.cancel()
    await site.stop()
    hub.end_all()
    await runner.cleanup()


async def health(request: web.Request) -> web.Response:
    """Say that the process serves, whether Redis feeds it, and how many listen."""
    hub = request.app[HUB]
    return web.json_response({"status": "ok", "redis": hub.is_fed, "listeners": len(hub)})


async def stream(request: web.Request) -> web.StreamResponse:
    """Check the token, then tell the listener what happens to its topics."""
    config, hub = request.app[CONFIG], request.app[HUB]
    cors = {"Access-Control-Allow-Origin": config.allow_origin}
    topics = frozenset(filter(None, request.query.get("topics", "").split(",")))
    if not _are_topics(topics):
        return _problem(422, "live_topics_invalid", cors)
    if not topics <= read_topics(config.secret, request.query.get("token", "")):
        return _problem(403, "live_token_refused", cors)
    response = web.StreamResponse(
        headers=cors
        | {
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
    )
    await response.prepare(request)
    if request.transport is not None:
        request.transport.set_write_buffer_limits(high=WRITE_BUFFER)
    last_id = request.headers.get("Last-Event-ID") or request.query.get("last_event_id", "")
    listener = hub.add(topics, last_id=last_id)
    try:
        await _tell(response, hub, listener)
    except (TimeoutError, ConnectionError):
        log.debug("a listener left")
    finally:
        hub.remove(listener)
    return response


def _are_topics(topics: frozenset[str]) -> bool:
    return 0 < len(topics) <= TOPICS_LIMIT and all(TOPIC.fullmatch(topic) for topic in topics)


def _problem(status: int, code: str, headers: dict[str, str]) -> web.Response:
    sentences = {
        "live_topics_invalid": "订阅内容有误，请刷新页面。 The topics are not valid. Please reload the page.",
        "live_token_refused": "页面已过期，请刷新。 This page has expired. Please reload it.",
    }
    body = {"type": "about:blank", "status": status, "code": code, "title": sentences[code]}
    text = json.dumps(body, ensure_ascii=False)
    return web.Response(status=status, text=text, content_type="application/problem+json", headers=headers)


async def _tell(response: web.StreamResponse, hub: Hub, listener: Listener) -> None:
    loop = asyncio.get_running_loop()
    # Not all at the same moment: they come back together, too.
    ends_at = loop.time() + LIFE_SECONDS * random.uniform(0.9, 1.1)  # noqa: S311 - spreads load, guards nothing
    await _write(response, "retry: 1000\n\n")
    while not listener.is_ended and loop.time() < ends_at:
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                await listener.wait()
        except TimeoutError:
            await _write(response, _beat(hub))
            continue
        text = _events(hub, listener)
        if text:
            await _write(response, text)
            await asyncio.sleep(GAP_SECONDS)


async def _write(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(WRITE_SECONDS):
        await response.write(text.encode())


def _beat(hub: Hub) -> str:
    # Nothing is pending now, so this id lets a quiet page resume exactly.
    return f": beat\nid: {hub.last_id}\nevent: beat\ndata: {json.dumps({'fed': hub.is_fed})}\n\n"


def _events(hub: Hub, listener: Listener) -> str:
    must_refetch, nudges = listener.take()
    # What came after the call to refetch follows it, and refetch itself has the id just before.
    first = nudges[0][1] - 1 if nudges else hub.number
    text = f"id: {hub.id_of(first)}\nevent: refetch\ndata: {{}}\n\n" if must_refetch else ""
    for topic, number in nudges:
        data = json.dumps({"topic": topic, "id": number})
        text += f"id: {hub.id_of(number)}\nevent: nudge\ndata: {data}\n\n"
    return text


async def follow(hub: Hub, redis_url: str) -> None:
    """Pass on what Redis publishes, for ever; after each lost connection everybody refetches.

    Waits between attempts double up to 2 s. All listeners share this one connection.
    """
    shortest, longest = BACKOFF_SECONDS
    wait = shortest
    client: Redis = Redis.from_url(redis_url, retry=Retry(NoBackoff(), 0), socket_connect_timeout=0.3)
    while True:
        try:
            async with client.pubsub() as pubsub:
                await pubsub.psubscribe(f"{CHANNEL_PREFIX}*")
                wait = shortest
                await _pass_on(hub, pubsub)
        except (RedisError, OSError) as problem:
            if hub.is_fed:
                log.warning("live: Redis is gone (%s)", type(problem).__name__)
            hub.is_fed = False
        await asyncio.sleep(wait)
        wait = min(wait * 2, longest)


async def _pass_on(hub: Hub, pubsub: PubSub) -> None:
    is_asked = False
    while True:
        message = await pubsub.get_message(timeout=QUIET_SECONDS)
        if message is None and is_asked:
            raise RedisConnectionError("silent")
        is_asked = message is None
        if message is None:
            await pubsub.ping()
        elif message["type"] == "psubscribe":
            hub.is_fed = True
            hub.refetch_all()
        elif message["type"] == "pmessage":
            hub.nudge(message["channel"].decode().removeprefix(CHANNEL_PREFIX))


def _allow_many_streams() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
