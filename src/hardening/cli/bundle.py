"""`hardening bundle`: one file that an auditor can check alone."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("scan", metavar="SCAN")
@click.option("-o", "--output", "file", type=click.Path(path_type=Path), required=True, metavar="FILE")
def bundle(*, scan: str, file: Path) -> None:
    """Pack report, snapshots, plans, manifest, signature and chain into one tar file, with a README.

    Its README tells how to check it with ssh-keygen and sha256sum alone.

    \b
      hardening bundle latest -o evidence.tar
    """
    import os  # noqa: PLC0415

    from hardening.app.earlier import find_scan  # noqa: PLC0415
    from hardening.app.evidence import build_bundle  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415
    from hardening.snapshots.files import write_atomically  # noqa: PLC0415

    state = find_state(os.environ)
    write_atomically(file, [build_bundle(find_scan(scan, state), state)])
    click.echo(str(file))
