"""The command line: reads words, calls a use case, prints, exits. The only place that does either.

`--help` and `--version` import click and the standard library only; a command's own imports come when it runs.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import traceback
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import click

from hardening import __version__
from hardening.errors import HardeningError
from hardening.secrets.redaction import Redactor

if TYPE_CHECKING:
    from types import FrameType, TracebackType

COMMANDS: dict[str, tuple[str, str]] = {
    "scan": ("hardening.cli.scan", "Visit targets, judge the answers, report the gaps."),
    "collect": ("hardening.cli.collect", "Visit targets and keep the evidence; judge nothing."),
    "evaluate": ("hardening.cli.evaluate", "Judge evidence that was collected earlier; touch nothing."),
    "report": ("hardening.cli.report", "Write the report of an earlier scan in other formats."),
    "diff": ("hardening.cli.diff", "Tell what changed between two scans."),
    "waivers": ("hardening.cli.waivers", "List, add and check waivers: dated decisions to live with a gap."),
    "history": ("hardening.cli.history", "List the scans that were kept, and care for them."),
    "trend": ("hardening.cli.trend", "Show how compliance and gaps went over the scans that were kept."),
    "verify": ("hardening.cli.verify", "Check evidence: what is missing, altered or cut off, and who signed."),
    "bundle": ("hardening.cli.bundle", "Pack the evidence of a scan into one file for an auditor."),
    "schedule": ("hardening.cli.schedule", "Run scans by a timer of systemd."),
    "discover": ("hardening.cli.discover", "Find servers in a directory, for the inventory or held against it."),
    "plan": ("hardening.cli.plan", "Print everything that a scan would run, with its digest."),
    "doctor": ("hardening.cli.doctor", "Find out what is wrong with the way to a target, with the remedy."),
    "explain": ("hardening.cli.explain", "Tell what a check asks, what was seen and what would make it pass."),
    "inventory": ("hardening.cli.inventory", "Look at the inventory, and take in targets from elsewhere."),
    "checks": ("hardening.cli.checks", "List, show, lint, test and write checks."),
    "baselines": ("hardening.cli.baselines", "List and show baselines."),
    "measures": ("hardening.cli.measures", "List and show the measures that gaps lead to."),
}
"""Each command with the module that holds it (as an object of the command's name) and its line in `--help`."""


_OBJECTS_BETWEEN_COLLECTIONS = 50_000


class _Commands(click.Group):
    """A group that imports a command when it is called, not when help is printed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name)
        if not isinstance(command, click.Command):
            msg = f"{cmd_name} is no command"
            raise TypeError(msg)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 gate passed, 2 usage or invalid content, 3 incomplete, 4 results not kept, "
    "10 gaps at or above --fail-on, 130 interrupted. `hardening COMMAND --help` has examples.",
)
@click.version_option(__version__, prog_name="hardening", message="%(prog)s %(version)s")
def main() -> None:
    """Scan servers without agents and map every gap to a recommended measure.

    \b
      hardening scan local -o html=gap.html
      hardening scan ssh://audit@web-01 --become sudo -o html=gap.html -o json=-
    """


def run() -> NoReturn:
    """Run the command line and exit; the entry point of the `hardening` program."""
    os.umask(0o077)
    # Nearly all that a command makes lives until it ends; looking for garbage as often as usual costs a fifth of it.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    signal.signal(signal.SIGTERM, _terminated)
    redactor = Redactor()
    sys.excepthook = partial(_report_crash, redactor)
    sys.exit(invoke(sys.argv[1:], redactor))


def invoke(arguments: list[str], redactor: Redactor) -> int:
    """Run the command line with some arguments and return the exit status; prints errors as one clear line each.

    ``redactor`` learns every secret that is resolved, and keeps it out of what is printed and written.
    """
    from hardening.cli.failure import describe_failure  # noqa: PLC0415 - only when something is printed

    _settle_home()
    try:
        status = main.main(arguments, prog_name="hardening", standalone_mode=False, obj=redactor)
    except (click.ClickException, click.Abort, HardeningError, KeyboardInterrupt, BrokenPipeError) as error:
        return describe_failure(error, redactor)
    return status if isinstance(status, int) else 0


def _settle_home() -> None:
    """Give an account that nobody knows a home, as login(1) does: a made-up one of systemd, a number in a container."""
    if os.path.expanduser("~") == "~":  # noqa: PTH111 - pathlib raises instead
        os.environ["HOME"] = "/"


def _report_crash(
    redactor: Redactor, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print the traceback of a crash as Python does, without secrets."""
    sys.stderr.write(redactor.redact("".join(traceback.format_exception(kind, error, trace))))


def _terminated(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise SystemExit(143)
