"""The processes that `youhao up` keeps; on several machines a service manager starts them by hand."""

import click

from kernel.settings import load


@click.command()
def live() -> None:
    """Hold the live streams of screens, consoles and the cockpit."""
    from runtime.live import LiveConfig, run  # noqa: PLC0415  # each process imports only what it needs

    settings = load()
    run(
        LiveConfig(
            host=settings.host,
            port=settings.live_port or settings.port + 1,
            redis_url=settings.redis_url,
            secret=settings.secret_key,
            allow_origin=settings.base_url,
        )
    )


@click.command()
def relay() -> None:
    """Carry events out of the outbox, sweep messages, run what is due."""
    from runtime.build import build  # noqa: PLC0415
    from runtime.relay import run  # noqa: PLC0415

    run(build(load()))


@click.command()
def worker() -> None:
    """Work off jobs."""
    from runtime.build import build  # noqa: PLC0415
    from runtime.worker import run  # noqa: PLC0415

    run(build(load()))
