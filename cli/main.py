"""`youhao`: one command for everything. Each command lives in its own file and is loaded when called."""

import sys
from importlib import import_module

import click

from kernel.settings import SettingsInvalid

# name → (module, one line for --help). Loaded lazily: `youhao worker` must not import the web.
COMMANDS = {
    "up": ("cli.up", "Start everything on this machine."),
    "migrate": ("cli.migrate", "Bring the database to this version."),
    "city": ("cli.city", "Load a city from data files."),
    "staff": ("cli.staff", "Create staff accounts and set passwords."),
    "device": ("cli.device", "Enrol, pair, list and withdraw kiosks and screens."),
    "day-list": ("cli.day_list", "Write the halls' lists of bookings, for an outage."),
    "table": ("cli.table", "Take tables out and in as spreadsheets."),
    "doctor": ("cli.doctor", "Check the settings, the services and the data."),
    "drive": ("cli.drive", "Play a day against a running demonstration."),
    "bench": ("cli.bench", "Measure the budgets beside their floors."),
    "twin": ("cli.twin", "Simulate a hall, and compare policies."),
    "convert-warsaw": ("cli.convert_warsaw", "Make a day file from Warsaw's queue boards."),
    "live": ("cli.processes", "Run the process of live streams."),
    "relay": ("cli.processes", "Run the process that carries events out."),
    "worker": ("cli.processes", "Run one job worker."),
    "keys": ("cli.keys", "Print fresh secrets for the settings."),
}


class Lazy(click.Group):
    """A group that imports a command's module only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List names with their line without importing anything."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_module, line) in COMMANDS.items()])


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="youhao")
def youhao() -> None:
    """Youhao 有号: numbers, queue and follow-up for public service halls."""


def main() -> None:
    """Run a command; wrong settings are said in words, not in a traceback."""
    try:
        youhao()
    except SettingsInvalid as error:
        for problem in error.problems:
            click.echo(f"settings: {problem}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
