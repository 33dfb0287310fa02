"""What a kit delegates in real directories is what the scan lacked there: before it an error, after it a verdict."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.lab.directory.conftest import StartDirectory
from tests.lab.directory.servers import Directory
from tests.lab.directory.slapd import PASSWORD
from tests.lab.scans import SUDO_PASSWORD, Run, Scans

GRANTER = Path(__file__).with_name("samba_grant.py")


def scan(scans: Scans, server: Directory, *baselines: str) -> Run:
    login = ("--user", server.user, "--password-from", f"env:{SUDO_PASSWORD}", "--ca-file", server.ca_file)
    asked = [word for name in baselines for word in ("-b", name)]
    return scans.run("scan", f"ldaps://{server.address}", *login, *asked, "-o", "json=-")


def errors(run: Run) -> set[str]:
    return {check for check, outcome in run.outcomes.items() if outcome == "error"}


def write_kit(scans: Scans, folder: Path, baseline: str, account: str) -> Path:
    run = scans.run("plan", "--kit", folder, "-b", baseline, "--directory-account", account)
    assert run.status == 0, run.err
    return folder


def test_in_a_narrow_domain_the_rights_of_the_kit_are_those_that_lacked(
    scans: Scans, directory: StartDirectory, tmp_path: Path
) -> None:
    server = directory("dc-narrow")
    before = scan(scans, server, "active-directory:extended")
    folder = write_kit(scans, tmp_path / "kit", "active-directory:extended", "KOMMUNE\\audit")
    subprocess.run(
        [
            *("/usr/bin/python3", str(GRANTER), f"ldaps://{server.address}", server.admin),
            *(str(folder / name) for name in ("ad-grant.ps1", "ad-grant-narrow.ps1")),
        ],
        input=server.passwords[server.admin],
        text=True,
        check=True,
        timeout=120,
    )
    after = scan(scans, server, "active-directory:extended")
    assert {"ad-pwd-never-expires", "ad-fgpp-weaker", "ad-stale-users"} <= errors(before)
    assert not {"ad-pwd-never-expires", "ad-fgpp-weaker", "ad-stale-users"} & errors(after)
    assert errors(after) < errors(before)
    assert "needs read on" not in after.said


def test_the_rules_of_the_kit_open_the_configuration_of_slapd_and_the_hashes(
    scans: Scans, directory: StartDirectory, tmp_path: Path
) -> None:
    server = directory("slapd-kit")
    before = scan(scans, server, "openldap-directory:extended")
    folder = write_kit(scans, tmp_path / "kit", "openldap-directory:extended", server.user)
    assert apply(server, folder / "openldap-grant.ldif") == 0
    between = scan(scans, server, "openldap-directory:extended")
    assert apply(server, folder / "openldap-grant-hashes.ldif") == 0
    after = scan(scans, server, "openldap-directory:extended")
    assert "needs read on cn=config" in before.said
    assert "needs read on cn=config" not in between.said
    assert errors(after) < errors(between) < errors(before)
    assert errors(after) <= {"ldap-tls-version"}, after.said


def apply(server: Directory, file: Path) -> int:
    """Do as the note in a kit says, but over TLS: this slapd has no local socket."""
    return subprocess.run(
        ["ldapmodify", "-c", "-x", "-D", "cn=config", "-w", PASSWORD, "-H", f"ldaps://{server.address}", "-f", file],
        env={"LDAPTLS_CACERT": str(server.ca_file), "PATH": "/usr/bin"},
        check=False,
        capture_output=True,
        timeout=60,
    ).returncode
