"""`youhao up`: everything on one machine, started, watched and stopped together."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import fields, replace

from kernel import crypto
from kernel.settings import Settings, SettingsInvalid, environment_name
from runtime import demo, ports, run_files, schema, whereabouts
from runtime.build import build
from runtime.local_servers import LocalServers
from runtime.stop_signals import StopSignals
from runtime.supervisor import Spec, Supervisor, answers_http

Say = Callable[[str], None]

#: In a demonstration the same few invented people book all day; nobody has a document to be found out.
_SHOWN_ALL_DAY = "book.identity=200/86400 book.pair=200/86400 book.phone=200/86400"


class DataUnknown(Exception):
    """The data was written by a version of the program that this one does not know."""


def up(settings: Settings, *, as_demo: bool, new_day: bool = False, say: Say) -> None:
    """Start servers and processes, print where every face is, and return when told to stop.

    1. hold `var` (one installation, one run) and end what a killed run left behind;
    2. check both ports before anything is started;
    3. start PostgreSQL and Valkey unless their addresses are given;
    4. migrate; in a demonstration load the city and set the clock;
    5. start web, live, relay and workers; print `ready` once every face answers.

    Raises:
        AlreadyRunning, PortTaken, ServerNotStarted, DataUnknown, NotReady: with a text for people.
    """
    if not settings.var.exists():  # a first start that fails leaves no folder behind
        _require_ports(settings)
    settings.var.mkdir(parents=True, exist_ok=True, mode=0o700)
    with run_files.hold(settings.var), StopSignals() as signals:
        settings = complete(settings, as_demo=as_demo)
        _require_ports(settings)
        servers = LocalServers(settings.var, database_url=settings.database_url, redis_url=settings.redis_url)
        servers.start()
        try:
            settings = replace(settings, database_url=servers.database_url, redis_url=servers.redis_url)
            faces = _prepare(settings, as_demo=as_demo, new_day=new_day, say=say)
            if not signals.count:  # Ctrl-C, while it was prepared
                whereabouts.remember(settings.port, settings.var)
                supervisor = Supervisor(settings.var, _specs(settings), servers=servers, signals=signals)
                supervisor.run(on_ready=lambda: announce(settings, faces, say))
                demo.stop_clock(settings)
        finally:
            servers.stop()
    say("stopped")


def _require_ports(settings: Settings) -> None:
    ports.require_free(settings.host, settings.port)
    ports.require_free(settings.host, _live_port(settings))


def _live_port(settings: Settings) -> int:
    return settings.live_port or settings.port + 1


def complete(settings: Settings, *, as_demo: bool) -> Settings:
    """Fill in what differs from machine to machine: secrets of our own, the live port, the clock."""
    if as_demo and settings.production:
        raise SettingsInvalid(["--demo plays with time and texts; it is refused with YOUHAO_ENV=production"])
    if not settings.production:
        settings = _with_secrets(settings)
    if as_demo:
        # Whatever the environment says: what a demonstration sends never reaches a real phone.
        settings = replace(
            settings,
            env="demo",
            clock_file=settings.var / "clock.json",
            sms_gateway="console",
            limits=f"{_SHOWN_ALL_DAY} {settings.limits}",
        )
    return replace(settings, live_port=_live_port(settings))


def _with_secrets(settings: Settings) -> Settings:
    """Secrets made once and kept in `var/secrets.json`, readable by the owner alone."""
    path = settings.var / "secrets.json"
    if not path.exists():
        secrets = {name: crypto.new_key() for name in ("secret_key", "data_key", "index_key")}
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(secrets, file)
    known = json.loads(path.read_text(encoding="utf-8"))
    own = {name: known[name] for name in ("data_key", "index_key") if not getattr(settings, name)}
    name = environment_name("secret_key")
    if not (os.environ.get(name) or os.environ.get(f"{name}_FILE")):
        own["secret_key"] = known["secret_key"]
    return replace(settings, **own)


def _prepare(settings: Settings, *, as_demo: bool, new_day: bool, say: Say) -> list[tuple[str, str]]:
    """Migrate and, in a demonstration, load the city; returns what to print: (name, address)."""
    parts = build(settings)
    try:
        revision = schema.current(parts.database.engine)
        if revision is not None and not schema.knows(revision):
            raise DataUnknown(
                f"The data in {settings.var} was written by another version of Youhao ({revision}). "
                "Start that version, or choose another --var."
            )
        if revision != schema.head():
            say("preparing the database")
            schema.upgrade(parts.database.engine, settings.database_url)
        return demo.prepare(parts, say=say, new_day=new_day) if as_demo else []
    finally:
        parts.database.dispose()
        parts.redis.close()


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as environment variables for child processes."""
    return {
        environment_name(field.name): str(value)
        for field in fields(settings)
        if (value := getattr(settings, field.name)) not in (None, "")
    }


def _specs(settings: Settings) -> list[Spec]:
    environment = environment_of(settings)
    command = [sys.executable, "-m", "cli.main"]
    jobs = [
        Spec(f"worker-{number}", [*command, "worker"], environment)
        for number in range(1, settings.job_workers + 1)
    ]
    return [
        Spec("web", gunicorn(settings), environment, answers_http(f"{_own(settings)}/health/ready")),
        Spec("live", [*command, "live"], environment, answers_http(f"{_own_live(settings)}/live/health")),
        Spec("relay", [*command, "relay"], environment),
        *jobs,
    ]


def gunicorn(settings: Settings) -> list[str]:
    """The production web server: threads in a few processes, which its master restarts."""
    host = settings.host
    # No access log: addresses of pages carry references of people's bookings.
    return [
        sys.executable, "-m", "gunicorn", "wsgi:app",
        "--bind", f"{f'[{host}]' if ':' in host else host}:{settings.port}",
        "--worker-class", "gthread",
        "--workers", str(settings.web_workers),
        "--threads", str(settings.web_threads),
        "--timeout", "30", "--graceful-timeout", "8", "--keep-alive", "5",
        # Loaded once, then forked: half the start, and a killed worker is back at once.
        "--preload", "--no-control-socket", "--log-level", "warning",
    ]  # fmt: skip


def _own(settings: Settings) -> str:
    return f"http://{settings.own_host}:{settings.port}"


def _own_live(settings: Settings) -> str:
    return f"http://{settings.own_host}:{settings.live_port}"


def announce(settings: Settings, faces: list[tuple[str, str]], say: Say) -> None:
    """Print where every face is, what else the network needs, and `ready` last."""
    for name, shown in faces:
        say(f"  {name:<22} {shown}")
    if settings.everywhere and not settings.public_url:
        say(
            "  These addresses are for this machine. For phones in the network, set YOUHAO_PUBLIC_URL and "
            "YOUHAO_LIVE_URL to addresses that they can open."
        )
    say(f"ready {settings.base_url}")
