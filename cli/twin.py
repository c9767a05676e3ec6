"""`youhao twin`: what a hall would be like under a policy, by simulation."""

import json
import time
from pathlib import Path

import click

from cli.reading import read
from cli.writing import OutFile
from twin.day_file import Day, DayFileInvalid, parse_day
from twin.sim.compare import compare as compare_policies
from twin.sim.compare import table
from twin.sim.fit import fit as fit_estimates
from twin.sim.fit import histories_of
from twin.sim.foretell import foretell as foretell_days
from twin.sim.foretell import table as foretold_table
from twin.sim.replay import replay as replay_day
from twin.sim.report import html
from twin.sim.run import POLICY_NAMES
from twin.sim.run import run as run_days
from twin.sim.scenario_file import parse_scenario

_FILE = click.Path(dir_okay=False, path_type=Path)
_SCENARIO = click.argument("scenario_file", metavar="SCENARIO.toml", type=_FILE)
_DAYS = click.option("--days", type=click.IntRange(1, 10_000), default=250, show_default=True)


@click.group()
def twin() -> None:
    """Simulate a hall with the very rules that the running hall uses (docs/scenarios.md)."""


@twin.command()
@_SCENARIO
@click.option("--policy", type=click.Choice(POLICY_NAMES), default="promise", show_default=True)
@_DAYS
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, the same people.")
@click.option("--json", "json_file", type=OutFile(), default=None, help="Write the figures here.")
def run(*, scenario_file: Path, policy: str, days: int, seed: int, json_file: Path | None) -> None:
    """Simulate days under one policy."""
    scenario = read(scenario_file, parse_scenario)
    started = time.perf_counter()
    figures = run_days(scenario, policy=policy, days=days, seed=seed)
    seconds = round(time.perf_counter() - started, 3)
    told = {
        "scenario": scenario_file.name,
        "policy": policy,
        "days": days,
        "seed": seed,
        **figures,
        "wall_seconds": seconds,
    }
    text = json.dumps(told, ensure_ascii=False, indent=1)
    click.echo(text)
    if json_file is not None:
        json_file.write_text(text + "\n", encoding="utf-8")


@twin.command()
@_SCENARIO
@click.option("--policies", required=True, help="Names with commas; the first is compared with the others.")
@click.option("--seeds", type=click.IntRange(1, 100), default=8, show_default=True, help="So many: 1, 2, ….")
@_DAYS
@click.option("--html", "html_file", type=OutFile(), default=None, help="Write a page with plots here.")
@click.option(
    "--json", "json_file", type=OutFile(), default=None, help="Write the figures of every run here."
)
def compare(
    *,
    scenario_file: Path,
    policies: str,
    seeds: int,
    days: int,
    html_file: Path | None,
    json_file: Path | None,
) -> None:
    """Compare policies in pairs: the same people on the same days."""
    scenario = read(scenario_file, parse_scenario)
    names = _policies(policies)
    found = compare_policies(scenario, policies=names, seeds=range(1, seeds + 1), days=days)
    click.echo(table(found))
    if html_file is not None:
        html_file.write_text(html(found), encoding="utf-8")
    if json_file is not None:
        told = {"scenario": scenario_file.name, "days": days, "seeds": seeds, "runs": found.by_policy}
        json_file.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@twin.command()
@click.option("--day", "day_file", required=True, type=_FILE, help="Day file (docs/day-files.md).")
@click.option("--fit", "fit_files", type=_FILE, multiple=True, help="Learn service times on this day.")
@click.option("--json", "json_file", type=OutFile(), default=None, help="Write the figures here.")
def replay(*, day_file: Path, fit_files: tuple[Path, ...], json_file: Path | None) -> None:
    """Play a day file under every policy: waits, and how well they are foretold."""
    day, fit = _day(day_file), [_day(each) for each in fit_files]
    started = time.perf_counter()
    policies = replay_day(day, fit=fit)
    seconds = round(time.perf_counter() - started, 3)
    told = {"day": day_file.name, "people": len(day.people), "policies": policies, "wall_seconds": seconds}
    text = json.dumps(told, ensure_ascii=False, indent=1)
    click.echo(text)
    if json_file is not None:
        json_file.write_text(text + "\n", encoding="utf-8")


@twin.command()
@click.argument("day_files", metavar="DAY.jsonl...", nargs=-1, required=True, type=_FILE)
@click.option("--json", "json_file", type=OutFile(), default=None, help="Write the numbers here.")
def fit(*, day_files: tuple[Path, ...], json_file: Path | None) -> None:
    """Fit the numbers of the estimates on days of one hall or of several; slow.

    Each day is foretold with the service times of the earlier days of its hall.
    """
    days = [_day(each) for each in day_files]
    if not histories_of(days):
        raise click.BadParameter("needs two days of a hall at least", param_hint="DAY.jsonl")
    text = json.dumps(fit_estimates(days), indent=1)
    click.echo(text)
    if json_file is not None:
        json_file.write_text(text + "\n", encoding="utf-8")


@twin.command()
@click.argument("day_files", metavar="DAY.jsonl...", nargs=-1, required=True, type=_FILE)
@click.option("--fit", "fit_files", type=_FILE, multiple=True, help="An earlier day of one of the halls.")
@click.option("--json", "json_file", type=OutFile(), default=None, help="Write the figures here.")
def foretell(*, day_files: tuple[Path, ...], fit_files: tuple[Path, ...], json_file: Path | None) -> None:
    """Foretell the waits of days of one hall or of several: errors of each day, each hall and all."""
    days, earlier = [_day(each) for each in day_files], [_day(each) for each in fit_files]
    same = {(day.hall_code, day.on_date) for day in days} & {(day.hall_code, day.on_date) for day in earlier}
    if same:
        hall, on_date = min(same)
        raise click.BadParameter(f"{hall} {on_date} is to be foretold, and to learn from", param_hint="--fit")
    found = foretell_days(days, fit=earlier)
    click.echo(foretold_table(found))
    if json_file is not None:
        json_file.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _day(day_file: Path) -> Day:
    try:
        return parse_day(day_file.read_text(encoding="utf-8"), name=day_file.name)
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{day_file} cannot be read: {error}") from error
    except DayFileInvalid as error:
        raise click.ClickException(error.sentence("en")) from error


def _policies(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in POLICY_NAMES]
    if unknown or not names:
        told = f"{', '.join(unknown) or 'nothing'}: choose from {', '.join(POLICY_NAMES)}"
        raise click.BadParameter(told, param_hint="--policies")
    return names
