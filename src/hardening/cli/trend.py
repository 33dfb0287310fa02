"""`hardening trend`: is it getting better."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hardening.model.history import TrendPoint

_WIDTH = 20


@click.command()
@click.option("--target", default="", metavar="NAME", help="Only this target.")
@click.option("--last", type=click.IntRange(min=1), default=52, show_default=True, metavar="N", help="How many scans.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def trend(*, target: str, last: int, as_json: bool) -> None:
    """Show compliance, coverage and gaps of the scans in the history, oldest first.

    \b
      hardening trend --last 12
      hardening trend --target web-01 --json
    """
    import json  # noqa: PLC0415
    import os  # noqa: PLC0415

    from hardening.app.history import open_history  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415
    from hardening.app.trend import describe_trend, find_breaks  # noqa: PLC0415
    from hardening.errors import UsageError  # noqa: PLC0415

    points = open_history(find_state(os.environ)).trend(target=target, last=last)
    if target and not points:
        msg = f"{target}: no scan in the history has this target; `hardening history` lists the scans"
        raise UsageError(msg)
    if as_json:
        click.echo(json.dumps(describe_trend(points), indent=1))
        return
    click.echo("started (UTC)     targets  compliance                      coverage  critical  high  medium   low")
    for point in points:
        click.echo(_draw(point))
    for scan, note in find_breaks(points):
        click.echo(f"{scan}: {note}")


def _draw(point: TrendPoint) -> str:
    from datetime import UTC, datetime  # noqa: PLC0415

    from hardening.app.trend import format_share  # noqa: PLC0415
    from hardening.model.evidence import Absent  # noqa: PLC0415

    share = point.counts.compliance
    filled = 0 if isinstance(share, Absent) else int(share * _WIDTH)
    bar = "█" * filled + "░" * (_WIDTH - filled)
    critical, high, medium, low, _ = point.gaps.values()
    return (
        f"{datetime.fromtimestamp(point.started, UTC):%Y-%m-%d %H:%M}  {point.targets:>7}  {bar} {format_share(share)}"
        f"     {format_share(point.counts.coverage)}  {critical:>8}  {high:>4}  {medium:>6}  {low:>4}"
    )
