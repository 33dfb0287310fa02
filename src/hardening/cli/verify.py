"""`hardening verify`: does the evidence still say what was seen, and who stands for it."""

from __future__ import annotations

from pathlib import Path

import click

_TROUBLE = 10


@click.command()
@click.argument("evidence", required=False, metavar="[FILE|SCAN]")
@click.option(
    "--allowed-signers",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar="HARDENING_ALLOWED_SIGNERS",
    help="Keys that may sign, as ssh-keygen(1) describes the file.",
)
@click.option(
    "--timestamp-ca",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar="HARDENING_TIMESTAMP_CA",
    help="Certificates of the authority whose time stamps count, PEM; there must be one then.",
)
@click.option("--head", default="", metavar="SHA256", help="A manifest that must be in the chain.")
def verify(*, evidence: str | None, allowed_signers: Path | None, timestamp_ca: Path | None, head: str) -> int:
    """Check a bundle, a scan, or (without one) the chain of all scans here.

    Names what is missing, altered, not listed, reordered or cut off, and who signed; exits 10 if anything is.
    Get the keys and the head from somewhere else than the evidence.

    \b
      hardening verify evidence.tar --allowed-signers allowed_signers
      hardening verify evidence.tar --allowed-signers allowed_signers --timestamp-ca tsa.pem
      hardening verify --allowed-signers allowed_signers --head 3b0c44298fc1…
    """
    import os  # noqa: PLC0415

    from hardening.app.earlier import find_scan  # noqa: PLC0415
    from hardening.app.evidence import check_own_chain, check_path, read_trust  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415
    from hardening.model.clean import clean_line  # noqa: PLC0415

    trust = read_trust(allowed_signers, head, timestamp_ca)
    state = find_state(os.environ)
    problems = list(check_path(find_scan(evidence, state), trust) if evidence else check_own_chain(state, trust))
    for problem in problems:
        click.echo(clean_line(problem, 300))
    if not problems:
        click.echo("nothing is missing, altered or cut off")
    return _TROUBLE if problems else 0
