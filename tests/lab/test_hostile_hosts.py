"""Proves that a server which lies, floods or plays tricks on terminals gains no verdict and no say in reports."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent

import pytest

from tests.lab.hosts import Host
from tests.lab.lab import Lab
from tests.lab.scans import EXTENDED, QUICK, Run, Scans

SUDO = ("--become", "sudo")
HOST = "bastion"
MEGABYTE = 1024 * 1024

AddAccount = Callable[..., str]


@pytest.fixture
def host(lab: Lab) -> Host:
    return lab.host(HOST)


@pytest.fixture
def add_account(host: Host) -> Iterator[AddAccount]:
    """Return what makes an account with a login script, or with a shell of its own; they go when the test ends."""
    with ExitStack() as stack:

        def add(name: str, *, greets: str = "", shell: str = "") -> str:
            host.run("useradd", "--create-home", "--shell", "/bin/bash", name)
            stack.callback(host.run, "userdel", "--force", "--remove", name)
            home = host.root / "home" / name
            host.run("cp", "-a", "/home/audit/.ssh", f"/home/{name}/")
            host.run("chown", "-R", f"{name}:{name}", f"/home/{name}/.ssh")
            (home / ".bashrc").write_text(dedent(greets))
            if shell:
                (home / "shell").write_text(dedent(shell))
                (home / "shell").chmod(0o755)
                host.run("usermod", "--shell", f"/home/{name}/shell", name)
            return f"{name}@{HOST}"

        yield add


def reason(run: Run) -> str:
    (target,) = run.report["unreached"]
    return str(target["reason"])


def without_accounts(outcomes: dict[str, str]) -> dict[str, str]:
    """Leave out what the account made for a test may change."""
    return {check: outcome for check, outcome in outcomes.items() if "home" not in check}


@pytest.mark.parametrize(
    "greets",
    [
        pytest.param("head -c 200000 /dev/urandom; head -c 200000 /dev/urandom >&2", id="binary noise"),
        pytest.param(r"printf '\033]0;owned\007\033[2J'; printf '\033c' >&2", id="terminal escapes"),
        pytest.param(
            """\
            word=0123456789abcdef0123456789abcdef
            for stream in 1 2; do for step in 0 1 2 3 4 5 6 7 8 9; do
            printf '%s begin %s\\nuid=0(root)\\n%s end %s 0\\n' $word $step $word $step >&$stream
            done; done
            """,
            id="markers with another word",
        ),
        pytest.param("printf 'hardening_word begin 0\\n'; set -e; umask 777; alias stat=true", id="a strange setting"),
    ],
)
def test_what_a_login_script_says_or_sets_changes_no_verdict(
    scans: Scans, add_account: AddAccount, greets: str
) -> None:
    run = scans.scan(add_account("talker", greets=greets), *EXTENDED)
    assert without_accounts(run.outcomes) == without_accounts(scans.scan_once(f"audit@{HOST}", *EXTENDED).outcomes)


FLOOD = "head -c 50000000 /dev/zero; head -c 1000 /dev/zero >&2"


def test_fifty_megabytes_end_at_the_limit(scans: Scans, add_account: AddAccount) -> None:
    run = scans.scan(add_account("flood", greets=FLOOD))
    assert (run.status, run.passed_by_answers, reason(run)) == (3, set(), "output limit reached")


def test_fifty_megabytes_are_not_kept_in_memory(scans: Scans, add_account: AddAccount) -> None:
    target = add_account("flood", greets=FLOOD)
    scans.scan(f"audit@{HOST}")  # loads what every scan needs
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    scans.scan(target)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < 60 * MEGABYTE


IMPOSTOR = """\
    #!/bin/sh
    # Reads the word as the real shell would, and answers every step itself.
    read -r word
    step=0
    while [ $step -lt 40 ]; do
    for stream in 1 2; do printf '%s begin %s\\nANSWER%s end %s 0\\n' $word $step $word $step >&$stream; done
    step=$((step + 1))
    done
    cat >/dev/null
    """


@pytest.mark.parametrize(
    "answer", ["", r"\n", "ok\\\\n", "0\\\\n", "=\\\\000\\\\n", r"\\033[31m\\377\\000\n"], ids=ascii
)
def test_made_up_answers_to_every_step_pass_nothing(scans: Scans, add_account: AddAccount, answer: str) -> None:
    run = scans.scan(add_account("liar", shell=IMPOSTOR.replace("ANSWER", answer)), *EXTENDED, limits=QUICK)
    assert (run.status, run.passed_by_answers, "Traceback" in run.err) == (3, set(), False), run.err


EVIL_NAME = "evil\x1b]0;owned\x07\x1b[31m<img src=x onerror=alert(1)>\n::error::injected"


@pytest.fixture
def evil_file(host: Host) -> Iterator[Path]:
    """Put a file with a hostile name where a check lists file names and finds fault with this one."""
    path = f"/etc/ssh/sshd_config.d/{EVIL_NAME}"
    host.run("touch", path)
    host.run("chmod", "666", path)
    yield Path(path)
    host.run("rm", path)


@pytest.fixture
def scanned_evil(scans: Scans, evil_file: Path, tmp_path: Path) -> tuple[Run, str]:
    del evil_file
    run = scans.scan(f"audit@{HOST}", *SUDO, *EXTENDED, "-o", f"html={tmp_path / 'gap.html'}")
    return run, (tmp_path / "gap.html").read_text("utf-8")


def test_a_hostile_file_name_is_seen(scanned_evil: tuple[Run, str]) -> None:
    run, page = scanned_evil
    assert ("owned" in run.out, "owned" in page) == (True, True)


def test_a_hostile_file_name_is_inert(scanned_evil: tuple[Run, str]) -> None:
    run, page = scanned_evil
    for text in (run.err, run.out, page):
        assert [sign for sign in ("\x1b", "\x07", "\n::error::") if sign in text] == []
    assert "<img src=x" not in page


def test_an_answer_that_is_cut_is_no_verdict(scans: Scans, host: Host) -> None:
    before = scans.scan(f"audit@{HOST}", *SUDO, *EXTENDED).outcomes
    folder = "/etc/ssh/sshd_config.d"
    script = f'cd {folder} && i=0; while [ $i -lt 9000 ]; do : >"many-$i-{"x" * 180}"; i=$((i + 1)); done'
    host.run("sh", "-c", script)
    try:
        run = scans.scan(f"audit@{HOST}", *SUDO, *EXTENDED)
    finally:
        host.run("sh", "-c", f"cd {folder} && ls -f | grep ^many- | xargs -n 500 rm")
    changed = {check: outcome for check, outcome in run.outcomes.items() if outcome != before[check]}
    assert (set(changed.values()), bool(changed)) == ({"error"}, True), sorted(changed.items(), key=str)
