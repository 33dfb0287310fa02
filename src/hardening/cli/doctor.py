"""`hardening doctor`: what is wrong with the way to a target, and the line that mends it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from hardening.cli.options import (
    content_arguments,
    language_option,
    target_arguments,
    verbose_option,
    workers_option,
)

if TYPE_CHECKING:
    from hardening.app.diagnosis_lines import Diagnosis
    from hardening.app.examination import Examination
    from hardening.cli.options import ContentArguments, TargetArguments
    from hardening.report.wording import Wording

_TROUBLE = 10
_MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}
_STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}
_LONGEST = 2000


@click.command()
@target_arguments
@content_arguments
@workers_option
@click.option("--json", "as_json", is_flag=True, help="The stages as JSON on standard output.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@language_option
@verbose_option
def doctor(
    *,
    reach: TargetArguments,
    asked: ContentArguments,
    workers: int,
    as_json: bool,
    quiet: bool,
    lang: str | None,
    verbose: int,
) -> int:
    """Find out what is wrong with the way to a target; each stage with its remedy and a line to paste.

    Tries name, port, host key, algorithms, login, shell, sudo, rights and clock with one visit and one login.
    Exits 10 if a stage failed. A warning costs answers, or is something to mend, but does not stop a scan.

    \b
      hardening doctor ssh://audit@web-01 --become sudo
      hardening doctor web-01 --json | jq -r '.targets[].stages[] | select(.state != "ok") | .line'
    """
    from hardening.app.assign import Plans  # noqa: PLC0415
    from hardening.app.collect import require_targets  # noqa: PLC0415
    from hardening.app.diagnosis import diagnose  # noqa: PLC0415
    from hardening.app.diagnosis_lines import State  # noqa: PLC0415
    from hardening.app.doctor import examine_all  # noqa: PLC0415
    from hardening.app.report import render_options  # noqa: PLC0415
    from hardening.cli.judging import local_zone  # noqa: PLC0415
    from hardening.cli.language import choose_language  # noqa: PLC0415
    from hardening.cli.progress import show_progress  # noqa: PLC0415
    from hardening.cli.reaching import read_targets  # noqa: PLC0415
    from hardening.cli.surroundings import build_context, start_log  # noqa: PLC0415
    from hardening.report.wording import load_wording  # noqa: PLC0415

    redactor = start_log(verbose)
    reached = read_targets(reach, asked)
    require_targets(reached.targets)
    plans = Plans(reached.content, frozenset(asked.checks))
    for target in reached.targets:
        plans.plan_for(target.baselines)
        plans.require_endpoints(target)
    options = render_options(choose_language(lang, reached.site.language), local_zone())
    wording = load_wording(options.folder, options.language, options.zone)
    found: list[tuple[Examination, tuple[Diagnosis, ...]]] = []
    with show_progress(len(reached.targets), quiet=quiet) as progress:
        context = build_context(progress, redactor)
        for examination in examine_all(reached.targets, plans, context, workers=workers):
            lines = tuple(
                replace(
                    line,
                    what=redactor.redact(line.what),
                    remedy=redactor.redact(line.remedy),
                    line=redactor.redact(line.line),
                )
                for line in diagnose(examination)
            )
            found.append((examination, lines))
            if not as_json:
                _print(*found[-1], wording)
    if as_json:
        click.echo(json.dumps({"targets": [_describe(*each) for each in found]}, indent=1))
    failed = any(line.state is State.FAIL for _, lines in found for line in lines)
    return _TROUBLE if failed else 0


def _print(examination: Examination, lines: tuple[Diagnosis, ...], wording: Wording) -> None:
    from hardening.model.clean import clean_line  # noqa: PLC0415
    from hardening.model.target import address_of  # noqa: PLC0415

    target = examination.target
    click.echo(
        clean_line(wording.text("doctor.target", name=target.name, address=address_of(examination.endpoint)), 300)
    )
    for line in lines:
        mark = click.style(_MARKS[line.state], fg=_STYLES[line.state])
        stage = wording.text(f"doctor.{line.stage}")
        click.echo(f"  {mark} {stage}: {clean_line(wording.phrase(line.what).text, _LONGEST)}")
        if line.remedy:
            click.echo(f"       {clean_line(wording.phrase(line.remedy).text, _LONGEST)}")
        if line.line:
            click.echo(f"         {clean_line(line.line, _LONGEST)}")


def _describe(examination: Examination, lines: tuple[Diagnosis, ...]) -> dict[str, object]:
    from hardening.app.diagnosis_lines import State  # noqa: PLC0415
    from hardening.model.target import address_of  # noqa: PLC0415

    return {
        "target": examination.target.name,
        "address": address_of(examination.endpoint),
        "failed": any(line.state is State.FAIL for line in lines),
        "stages": [
            {
                "stage": line.stage,
                "state": line.state.value,
                "what": line.what,
                "remedy": line.remedy,
                "line": line.line,
            }
            for line in lines
        ],
    }
