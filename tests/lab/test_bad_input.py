"""Systems that are broken or odd: each gets the right outcome for a reason that is told, and never a pass.

Each is the stock tree of the lab with one thing spoiled, scanned as a root tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.catalogue import STOCK
from tests.lab.commands import run
from tests.lab.lab import Lab
from tests.lab.scans import EXTENDED, Run, Scans

MANY = 200_000
SSHD = {
    "linux-ssh-root-login",
    "linux-ssh-password-auth",
    "linux-ssh-max-auth-tries",
    "linux-ssh-ciphers",
    "linux-ssh-empty-passwords",
}
PAM = {"linux-pam-nullok", "linux-pam-pwquality-enabled", "linux-pam-hash-algorithm", "linux-pam-minlen"}


@contextmanager
def spoiled(lab: Lab, folder: Path, script: str) -> Iterator[Path]:
    """Run a script in a copy of the stock tree, which costs no more than what the script changes."""
    for name in ("upper", "work", "tree"):
        (folder / name).mkdir()
    options = f"lowerdir={lab.materials.trees[STOCK][0]},upperdir={folder / 'upper'},workdir={folder / 'work'}"
    run("mount", "-t", "overlay", "overlay", "-o", options, str(folder / "tree"))
    try:
        run("chroot", str(folder / "tree"), "/bin/sh", "-euc", script)
        yield folder / "tree"
    finally:
        run("umount", str(folder / "tree"))


def scan(lab: Lab, scans: Scans, folder: Path, script: str) -> Run:
    with spoiled(lab, folder, script) as tree:
        return scans.run("scan", f"chroot:{tree}", "-o", "json=-", *EXTENDED)


def words(run: Run, check: str) -> str:
    """Return all that the report says about a check."""
    return str(next(result for result in run.report["results"] if result["check"] == check))


@pytest.fixture(scope="module")
def broken(lab: Lab, scans: Scans, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Scan a tree in which several files are broken, each in its own way."""
    script = r"""
ssh-keygen -A >/dev/null
echo 'Frobnicate yes' >>/etc/ssh/sshd_config
echo '@include circle' >>/etc/pam.d/common-auth
echo '@include common-auth' >/etc/pam.d/circle
echo '@include common-password' >>/etc/pam.d/common-password
printf 'audit\n:::\n::::::::\n' >/tmp/shadow
grep -v '^audit:' /etc/shadow >>/tmp/shadow
cat /tmp/shadow >/etc/shadow
echo '@include /etc/sudoers' >>/etc/sudoers
mkdir /srv/names
touch "/srv/names/$(printf 'new\nline')" "/srv/names/$(printf '\377\376')"
chmod 666 /srv/names/*
"""
    return scan(lab, scans, tmp_path_factory.mktemp("broken"), script)


def test_what_sshd_refuses_is_an_error_that_quotes_it(broken: Run) -> None:
    assert {broken.outcomes[check] for check in SSHD} == {"error"}
    assert "Bad configuration option: Frobnicate" in words(broken, "linux-ssh-root-login")


def test_files_of_pam_in_a_circle_pass_nothing_and_are_named(broken: Run) -> None:
    assert broken.passed & PAM == set()
    assert "includes itself" in words(broken, "linux-pam-hash-algorithm")


def test_broken_lines_of_shadow_are_a_gap_that_names_them(broken: Run) -> None:
    assert broken.outcomes["linux-account-files-sound"] == "fail"
    assert "/etc/shadow:1" in words(broken, "linux-account-files-sound")


def test_an_account_whose_line_is_broken_does_not_pass(broken: Run) -> None:
    assert broken.outcomes["linux-no-empty-shadow"] == "error"


def test_sudoers_that_include_themselves_pass_nothing(broken: Run) -> None:
    checks = {check for check in broken.outcomes if check.startswith("linux-sudo-")}
    assert (
        broken.passed & checks == {"linux-sudo-installed", "linux-sudo-version", "linux-sudo-nopasswd"} & broken.passed
    )
    assert "includes itself" in words(broken, "linux-sudo-use-pty")


def test_names_with_newlines_and_without_encoding_are_found(broken: Run) -> None:
    assert broken.outcomes["linux-world-writable-files"] == "fail"
    said = words(broken, "linux-world-writable-files")
    assert [name in said for name in ("/srv/names/new", "/srv/names/\\\\xff\\\\xfe")] == [True, True], said


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_folder_with_very_many_files_passes_nothing_that_was_cut(lab: Lab, scans: Scans, tmp_path: Path) -> None:
    script = f"mkdir /srv/many; cd /srv/many; seq {MANY} | xargs touch; find . -type f -exec chmod 666 {{}} +"
    outcomes = scan(lab, scans, tmp_path, script).outcomes
    walked = ("world-writable-files", "sticky-bit", "unowned-files", "suid-inventory", "capabilities-inventory")
    assert [outcomes[f"linux-{check}"] for check in walked] == ["fail", "error", "error", "error", "error"]


def test_busybox_and_no_systemd_leave_what_needs_them_open(lab: Lab, scans: Scans) -> None:
    run = scans.run("scan", f"chroot:{lab.materials.small}", "-o", "json=-", *EXTENDED)
    needing = ("linux-sticky-bit", "linux-world-writable-files", "linux-unowned-files", "linux-services-legacy-servers")
    assert [run.outcomes[check] for check in needing] == ["error"] * len(needing)
