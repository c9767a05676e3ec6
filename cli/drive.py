"""`youhao drive`."""

import json
from pathlib import Path

import click

from cli.reading import read
from cli.writing import OutFile
from kernel.settings import load
from runtime.whereabouts import find_var
from twin.day_file import parse_day
from twin.drive.outcome import as_json, table
from twin.drive.phones import CodeNeverCame
from twin.drive.play import Play
from twin.drive.play import drive as play_day
from twin.drive.server import Refused, Server, ServerUnreachable

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--url", required=True, help="Address of a running demonstration, http://127.0.0.1:8000.")
@click.option("--day", "day_file", required=True, type=_FILE, help="Day file (docs/day-files.md).")
@click.option(
    "--rate", type=click.FloatRange(1, 3600), default=120.0, show_default=True, help="How many times faster."
)
@click.option("--json", "json_file", type=OutFile(), default=None, help="Write the figures here.")
@click.option("--user", default="admin", show_default=True, help="An administrator's account.")
@click.option("--password", envvar="YOUHAO_DRIVE_PASSWORD", default="", help="Or in YOUHAO_DRIVE_PASSWORD.")
@click.option(
    "--accounts",
    type=_FILE,
    default=None,
    help="The demonstration's demo-accounts.json; found by itself on the same machine.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, the same choices.")
@click.option(
    "--survey-share",
    type=click.FloatRange(0, 1),
    default=0.6,
    show_default=True,
    help="Share of surveys answered.",
)
@click.option("--keep-rate", is_flag=True, help="Never let the clock run slower, however late the steps are.")
@click.option(
    "--patience",
    type=click.FloatRange(0, 3600),
    default=60.0,
    show_default=True,
    help="Real seconds to wait after the day for surveys and answers on their way.",
)
def drive(
    *,
    url: str,
    day_file: Path,
    rate: float,
    json_file: Path | None,
    user: str,
    password: str,
    accounts: Path | None,
    seed: int,
    survey_share: float,
    keep_rate: bool,
    patience: float,
) -> None:
    """Play a day against a running demonstration; exit 1 when a promise was broken.

    Moves the clock of the whole demonstration, and leaves it at the end of the day.
    """
    day = read(day_file, parse_day)
    play = Play(
        username=user,
        password=password or _password(accounts or _accounts_of(url), user),
        name=day_file.name,
        rate=rate,
        seed=seed,
        survey_share=survey_share,
        keep_rate=keep_rate,
        patience=patience,
    )
    try:
        outcome = play_day(Server(url), day, play, say=click.echo)
    except (Refused, ServerUnreachable, CodeNeverCame) as error:
        raise click.ClickException(f"the day could not be played: {error}") from error
    click.echo(table(outcome))
    if json_file is not None:
        text = json.dumps(as_json(outcome), ensure_ascii=False, indent=1)
        json_file.write_text(text + "\n", encoding="utf-8")
    if outcome.violations:
        raise SystemExit(1)


def _accounts_of(url: str) -> Path:
    """Where the demonstration at this address keeps its passwords."""
    return (find_var(url) or load().var) / "demo-accounts.json"


def _password(accounts: Path, user: str) -> str:
    try:
        return str(json.loads(accounts.read_text(encoding="utf-8"))[user])
    except (OSError, ValueError, KeyError) as error:
        told = f"no password for {user} in {accounts}: give --password or --accounts"
        raise click.ClickException(told) from error
