"""Root trees as targets: what the tree's own programs can see and do there, and what is said of a tree that is none."""
# ruff: noqa: D102 - fixtures of a class do what their names say

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer

import pytest

from hardening.errors import ConnectError
from hardening.model.evidence import Known
from hardening.model.platform import OperatingSystem
from hardening.model.step import NotRun, ShellStep
from hardening.model.target import ChrootEndpoint
from hardening.probes.identification import STEP, parse_identification
from hardening.secrets import Secret
from hardening.transports import open_session
from hardening.transports.session import Limits, Opening, Session
from tests.lab.catalogue import STOCK
from tests.lab.commands import run
from tests.lab.lab import Lab
from tests.lab.scans import EXTENDED, Scans
from tests.transports.conformance import LiveConformance, OpenSession, RootConformance, completed

Ask = Callable[[str], str]


def open_tree(tree: Path, limits: Limits | None = None) -> Session:
    return open_session(ChrootEndpoint(str(tree)), Opening(resolve=Secret, limits=limits or Limits()))


def ask(tree: Path, script: str) -> str:
    session = open_tree(tree)
    answers = session.run([ShellStep(name="one", script=script)], as_root=True)
    session.close()
    return completed(answers["one"]).text.strip()


def identify(tree: Path) -> OperatingSystem:
    session = open_tree(tree)
    identity = parse_identification(session.run([STEP], as_root=False)[STEP.name])
    session.close()
    assert isinstance(identity.platform.os, OperatingSystem)
    return identity.platform.os


def digest(tree: Path) -> str:
    """Return a digest of every name, content, mode, owner and time in a tree."""
    seen = hashlib.sha256()
    for path in sorted(tree.rglob("*")):
        status = path.lstat()
        times = (status.st_mtime_ns, status.st_ctime_ns)
        seen.update(repr((str(path), status.st_mode, status.st_uid, status.st_gid, status.st_size, times)).encode())
        if path.is_file() and not path.is_symlink():
            seen.update(path.read_bytes())
    return seen.hexdigest()


@pytest.fixture(scope="module")
def stock(lab: Lab) -> Path:
    (tree,) = lab.materials.trees[STOCK]
    return tree


@pytest.fixture(scope="module")
def small(lab: Lab) -> Path:
    return lab.materials.small


@pytest.fixture
def own(small: Path, tmp_path: Path) -> Path:
    """Return a copy of the small tree, for the test to spoil."""
    return Path(shutil.copytree(small, tmp_path / "tree", symlinks=True))


class TestStockTree(LiveConformance, RootConformance):
    """What every transport promises, in a Debian tree."""

    @pytest.fixture(scope="class")
    @classmethod
    def open_target(cls, stock: Path) -> OpenSession:
        return lambda limits: open_tree(stock, limits)

    @pytest.fixture
    def open_root(self, open_target: OpenSession) -> OpenSession:
        return open_target


class TestSmallTree(LiveConformance):
    """What every transport promises, with busybox for a shell."""

    @pytest.fixture(scope="class")
    @classmethod
    def open_target(cls, small: Path) -> OpenSession:
        return lambda limits: open_tree(small, limits)


def test_a_scan_changes_nothing_in_the_tree(scans: Scans, stock: Path) -> None:
    before = digest(stock)
    outcomes = scans.run("scan", f"chroot:{stock}", *EXTENDED, "-o", "json=-").outcomes
    assert (digest(stock), outcomes["linux-perm-shadow"]) == (before, "pass")


def test_no_verdict_on_a_tree_rests_on_this_machine(scans: Scans, stock: Path) -> None:
    results = scans.run("scan", f"chroot:{stock}", *EXTENDED, "-o", "json=-").report["results"]
    assert [result["check"] for result in results if "/proc/" in str(result["reasons"])] == []


def test_a_tree_is_no_running_system(stock: Path) -> None:
    system = identify(stock)
    assert (system.running, system.kernel, system.container, system.version) == (False, "", False, "12")


def test_a_tree_bears_its_own_name(small: Path) -> None:
    assert identify(small).hostname == "small-one"


def test_a_tree_without_a_name_does_not_bear_ours(own: Path) -> None:
    (own / "etc/hostname").unlink()
    assert identify(own).hostname == "localhost"


def test_the_tree_answers_as_root_without_rights(stock: Path) -> None:
    said = ask(stock, "setpriv --dump").splitlines()
    wanted = {"euid: 0", "no_new_privs: 1", "Supplementary groups: [none]", "Capability bounding set: dac_override"}
    assert wanted - set(said) == set()


@pytest.mark.parametrize("path", ["/x", "/run/x", "/run/sshd/x", "/dev/x", "/proc/x", "/var/x"])
def test_nothing_can_be_written(stock: Path, path: str) -> None:
    assert ask(stock, f"( : >{path} ) 2>&1; [ -e {path} ] && echo written").endswith("Read-only file system")


def test_files_of_other_accounts_can_be_read(own: Path) -> None:
    folder = own / "home"
    folder.mkdir(mode=0o700)
    (folder / "secret").write_text("here")
    (folder / "secret").chmod(0o000)
    os.chown(folder, 1000, 1000)
    assert ask(own, "cat /home/secret") == "here"


def test_only_the_null_device_is_there(stock: Path) -> None:
    assert (
        ask(stock, "ls /dev; ls -A /proc /sys; echo x >/dev/null && echo written") == "null\n/proc:\n\n/sys:\nwritten"
    )


def test_devices_of_the_tree_are_dead(own: Path) -> None:
    os.mknod(own / "tmp/zero", 0o020666, os.makedev(1, 5))
    assert ask(own, "head -c 1 /tmp/zero 2>&1; [ -c /tmp/zero ] && echo there").endswith("Permission denied\nthere")


def test_there_is_no_network(stock: Path) -> None:
    assert "state DOWN" in ask(stock, "ip -o link")


def test_processes_of_this_machine_are_out_of_reach(small: Path) -> None:
    assert ask(small, f"kill -0 {os.getpid()} 2>&1 || echo none").endswith("none")


def test_nothing_of_our_environment_reaches_the_tree(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_PASSWORD", "Sommer-2026!")
    assert "Sommer" not in ask(small, "env")


def test_links_of_the_tree_stay_in_the_tree(own: Path, tmp_path: Path) -> None:
    (tmp_path / "ours").write_text("ours")
    (own / "out").symlink_to(tmp_path / "ours")
    assert ask(own, "cat /out 2>&1").endswith("No such file or directory")


def test_a_device_folder_that_is_a_link_leads_nowhere_else(own: Path, tmp_path: Path) -> None:
    (own / "dev").rmdir()
    (own / "dev").symlink_to(tmp_path)
    with pytest.raises(ConnectError, match="no folder /dev"):
        open_tree(own)


def test_what_is_mounted_in_the_tree_is_seen_and_read_only(own: Path) -> None:
    place = own / "tmp/it is\nhere"
    place.mkdir()
    run("mount", "-t", "tmpfs", "none", str(place))
    try:
        (place / "file").write_text("here")
        said = ask(own, 'cat /tmp/it*/file; ( : >/tmp/it*/x ) 2>&1; for p in /tmp/it*; do : >"$p/x"; done 2>&1')
    finally:
        run("umount", str(place))
    assert (said.startswith("here"), "Read-only file system" in said) == (True, True)


def test_sshd_finds_the_folder_that_it_needs(stock: Path) -> None:
    assert ask(stock, "[ -d /run/sshd ] && stat -c '%a %u' /run/sshd; ls -d /run/lock") == "755 0\n/run/lock"


def test_the_run_folder_looks_as_it_is(stock: Path) -> None:
    status = (stock / "run").stat()
    assert ask(stock, "stat -c '%a %u %g %Y' /run") == f"{status.st_mode & 0o7777:o} 0 0 {int(status.st_mtime)}"


def test_a_tree_without_sshd_is_given_no_folder_for_it(small: Path) -> None:
    assert ask(small, "ls -A /run") == ""


def spoil_shell(tree: Path) -> None:
    (tree / "bin/sh").unlink()


def spoil_loader(tree: Path) -> None:
    (tree / "bin/sh").unlink()
    shutil.copy("/bin/sh", tree / "bin/sh")


def spoil_architecture(tree: Path) -> None:
    (tree / "bin/sh").unlink()
    header = (
        b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 2, 0xF3 if os.uname().machine != "riscv64" else 62, 1)
    )
    (tree / "bin/sh").write_bytes(header + bytes(100))
    (tree / "bin/sh").chmod(0o755)


def spoil_mode(tree: Path) -> None:
    (tree / "bin/busybox").chmod(0o644)


def spoil_devices(tree: Path) -> None:
    (tree / "dev").rmdir()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_shell, "/bin/sh is missing in the tree"),
        (spoil_loader, "/bin/sh has no loader in the tree"),
        (spoil_architecture, "/bin/sh is a program for another kind of machine"),
        (spoil_mode, "/bin/sh may not be run"),
        (spoil_devices, "the tree has no folder /dev, where /dev/null is needed"),
    ],
)
def test_a_tree_that_cannot_run_is_one_clear_error(own: Path, spoil: Callable[[Path], None], reason: str) -> None:
    spoil(own)
    with pytest.raises(ConnectError) as caught:
        open_tree(own)
    assert (caught.value.reason, bool(caught.value.remedy)) == (f"{own}: {reason}", True)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/nowhere", "/nowhere: No such file or directory"),
        ("/etc/passwd", "/etc/passwd is no folder"),
        ("/", "/ is this machine itself"),
    ],
)
def test_what_is_no_tree_is_one_clear_error(path: str, reason: str) -> None:
    with pytest.raises(ConnectError) as caught:
        open_tree(Path(path))
    assert caught.value.reason == reason


def test_a_tree_that_cannot_be_reached_is_a_line_in_the_report(scans: Scans) -> None:
    run = scans.run("scan", "chroot:/nowhere", "-o", "json=-")
    assert (run.status, "/nowhere: No such file or directory" in run.said) == (3, True)


def test_the_session_names_its_transport(small: Path) -> None:
    session = open_tree(small)
    session.close()
    assert session.connection["transport"] == Known("chroot")


def test_closing_from_another_thread_ends_a_batch(small: Path) -> None:
    session = open_tree(small)
    closer = Timer(0.2, session.close)
    closer.start()
    answers = session.run([ShellStep(name="hangs", script="sleep 300")], as_root=False)
    closer.join()
    assert answers["hangs"] == NotRun("the session was closed")


HANGING = """
import sys
from pathlib import Path
from hardening.model.step import ShellStep
from tests.lab.test_chroot import open_tree
session = open_tree(Path(sys.argv[1]))
print("open", flush=True)
session.run([ShellStep(name="hangs", script="sleep 47110815 & wait")], as_root=False)
"""


def sleepers() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [str(path)] if path.read_bytes() == b"sleep\x0047110815\x00" else []
        except OSError:
            continue
    return found


def wait_for(is_true: Callable[[], bool]) -> bool:
    for _ in range(200):
        if is_true():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def hanging_scanner(small: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HANGING, str(small)], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    ) as scanner:
        assert wait_for(lambda: len(sleepers()) == 1)
        yield scanner
        scanner.kill()


def test_a_killed_scanner_leaves_no_process_in_the_tree(hanging_scanner: subprocess.Popen[str]) -> None:
    hanging_scanner.send_signal(signal.SIGKILL)
    assert wait_for(lambda: not sleepers())
