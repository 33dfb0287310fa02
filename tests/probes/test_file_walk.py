"""The walk over local file systems in real shells: hostile names, mounts that are left out, what packages own."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hardening.model.evidence import Evidence, Field, Known, Partial, Unreadable
from hardening.probes.file_walk import KIND, STEP
from hardening.probes.file_walk_script import ENTRIES, build_walk_script
from tests.probes.cases import build_probe
from tests.probes.laid_out import lay_out
from tests.probes.shells import open_to_all
from tests.probes.system_tree import run_on_tree, run_on_tree_everywhere

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.model.step import Completed

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
_PROBE = build_probe({"kind": "file_walk"})
_TOOLS = {"/bin/getcap": "#!/bin/sh\n", "/etc/passwd": "root:x:0:0::/:/bin/sh\n", "/etc/group": "root:x:0:\n"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    lay_out(tmp_path, _TOOLS)
    (tmp_path / "files").mkdir()
    return open_to_all(tmp_path)


def _mount(tree: Path, *lines: str) -> None:
    (tree / "proc/self").mkdir(parents=True)
    main = f"1 0 8:1 / {tree}/files rw - ext4 /dev/sda1 rw"
    (tree / "proc/self/mountinfo").write_text("".join(f"{line}\n" for line in (main, *lines)))


def _parse(answer: Completed) -> Evidence:
    return KIND.parse([_PROBE], {STEP.name: answer})[_PROBE]


def _paths(field: Field) -> list[object]:
    items = field.items if isinstance(field, Partial) else field.value if isinstance(field, Known) else ()
    assert isinstance(items, tuple)
    paths = [record["path"] for record in items if not isinstance(record, str)]
    return [path.value for path in paths if isinstance(path, Known)]


def test_hostile_names_are_told_apart(tree: Path) -> None:
    _mount(tree)
    names = ["-delete", "a b", "a\nb", "*", "$(id)", "\x1b[31m", "æ", "wf:666:0:0:root:root:x"]
    for name in names:
        (tree / "files" / name).touch()
        (tree / "files" / name).chmod(0o666)
    evidence = _parse(run_on_tree(STEP, tree))
    assert _paths(evidence["world_writable"]) == sorted(f"/files/{name}" for name in names)


def test_sticky_folders_are_left_out(tree: Path) -> None:
    _mount(tree)
    for name, mode in (("sticky", 0o1777), ("open", 0o777), ("shut", 0o755)):
        (tree / "files" / name).mkdir()
        (tree / "files" / name).chmod(mode)
    assert _paths(_parse(run_on_tree(STEP, tree))["not_sticky"]) == ["/files/open"]


@needs_root
def test_files_without_owner_or_group_are_found_once(tree: Path) -> None:
    _mount(tree)
    for name, uid, gid in (("both", 61234, 61235), ("group", 0, 61235), ("known", 0, 0)):
        (tree / "files" / name).touch()
        os.chown(tree / "files" / name, uid, gid)
    assert _paths(_parse(run_on_tree(STEP, tree))["unowned"]) == ["/files/both", "/files/group"]


def test_storage_of_containers_and_network_mounts_are_left_out(tree: Path) -> None:
    (tree / "nas").mkdir()
    (tree / "nas/x").touch()
    (tree / "nas/x").chmod(0o666)
    _mount(
        tree,
        f"2 1 0:5 / {tree}/nas rw - nfs4 nas:/x rw",
        "3 1 0:6 / /var/lib/docker/overlay2/m rw - overlay overlay rw",
        r"4 1 0:7 / /mnt/a\040b rw - fuse.sshfs x rw",
    )
    evidence = _parse(run_on_tree(STEP, tree))
    assert (evidence["world_writable"], evidence["skipped"]) == (
        Known(()),
        Known(("/nas", "/var/lib/docker/overlay2/m", "/mnt/a b")),
    )


def test_file_system_that_is_mounted_twice_is_walked_once(tree: Path) -> None:
    _mount(tree, f"2 1 8:1 /sub {tree}/again rw - ext4 /dev/sda1 rw", f"3 1 8:1 / {tree}/third rw - ext4 /dev/sda1 rw")
    assert _parse(run_on_tree(STEP, tree))["walked"] == Known(("/files",))


def test_subvolumes_of_btrfs_are_walked_each(tree: Path) -> None:
    (tree / "home").mkdir()
    (tree / "proc/self").mkdir(parents=True)
    lines = (f"1 0 0:30 / {tree}/files rw - btrfs x rw", f"2 1 0:30 /@home {tree}/home rw - btrfs x rw")
    (tree / "proc/self/mountinfo").write_text("".join(f"{line}\n" for line in lines))
    assert _parse(run_on_tree(STEP, tree))["walked"] == Known(("/files", "/home"))


@needs_root
def test_refused_folder_makes_the_lists_partial(tree: Path) -> None:
    _mount(tree)
    (tree / "files/closed").mkdir(mode=0o700)
    field = _parse(run_on_tree(STEP, tree, as_nobody=True))["world_writable"]
    assert isinstance(field, Partial)
    # The programs' own folders are those of this machine, and some of them may be closed as well.
    assert re.fullmatch(r"find: '/[^']+': Permission denied", field.reason)


def test_every_shell_walks_alike(tree: Path) -> None:
    _mount(tree, r"2 1 0:7 / /mnt/a\040b%s rw - nfs x rw", r"3 1 0:8 / /mnt/c\040d rw - nfs x rw")
    (tree / "files/x").touch()
    (tree / "files/x").chmod(0o4666)
    answers = run_on_tree_everywhere(STEP, tree)
    # Busybox has programs of its own, whose timeout and find cannot do this.
    answers.pop("busybox", None)
    assert len({answer.stdout for answer in answers.values()}) == 1


def test_programs_of_busybox_are_not_enough(tree: Path) -> None:
    _mount(tree)
    answers = run_on_tree_everywhere(STEP, tree)
    if "busybox" not in answers:
        pytest.skip("busybox is not installed here")
    assert not isinstance(_parse(answers["busybox"])["world_writable"], Known | Partial)


@pytest.mark.parametrize(("entries", "is_whole"), [(3000, True), (2000, False), (20, False)])
def test_a_walk_ends_when_its_budget_is_used_up(tree: Path, entries: int, is_whole: bool) -> None:  # noqa: FBT001 - a case
    _mount(tree)
    for folder in range(20):
        inner = tree / f"files/{folder}"
        inner.mkdir()
        for number in range(100):
            (inner / f"{number}").touch(0o600)
    field = _parse(run_on_tree(replace(STEP, script=build_walk_script(entries)), tree))["world_writable"]
    reason = f"the walk used up its budget of {ENTRIES:,} entries"
    assert field == (Known(()) if is_whole else Partial((), reason))


def test_what_is_found_counts_with_its_bytes(tree: Path) -> None:
    _mount(tree)
    for number in range(100):
        (tree / f"files/{number}").touch()
        (tree / f"files/{number}").chmod(0o666)
    field = _parse(run_on_tree(replace(STEP, script=build_walk_script(2000)), tree))["world_writable"]
    assert isinstance(field, Partial)
    names = {f"/files/{number}" for number in range(100)}
    assert 0 < len(_paths(field)) < 2000 // len("wf:666:0:0:root:root:/files/10")
    assert set(_paths(field)) <= names  # a path that was cut in the middle is none


def test_a_walk_that_used_up_its_budget_knows_of_no_package(tree: Path) -> None:
    lay_out(tree, {"/var/lib/dpkg/status": ""})
    _mount(tree)
    for number in range(100):
        (tree / f"files/{number}").touch()
        (tree / f"files/{number}").chmod(0o4755)
    field = _parse(run_on_tree(replace(STEP, script=build_walk_script(2000)), tree))["setuid"]
    assert isinstance(field, Partial)
    packaged = {type(record["packaged"]) for record in field.items if not isinstance(record, str)}
    assert packaged == {Unreadable}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_half_a_million_files_are_walked(tree: Path) -> None:
    folders, each = 500, 1000
    _mount(tree)
    for folder in range(folders):
        inner = tree / f"files/{folder}"
        inner.mkdir()
        for number in range(each):
            os.close(os.open(inner / f"{number}", os.O_CREAT | os.O_WRONLY, 0o600))
    (tree / "files/499/999").chmod(0o666)
    field = _parse(run_on_tree(STEP, tree))["world_writable"]
    # A slow machine may need more than the time that a walk has; then it says so and claims nothing.
    assert isinstance(field, Known) or (isinstance(field, Partial) and "took longer" in field.reason)
    assert isinstance(field, Partial) or _paths(field) == ["/files/499/999"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_more_findings_than_an_answer_may_hold_are_partial(tree: Path) -> None:
    _mount(tree)
    for number in range(60_000):
        path = tree / f"files/{number:05d}-world-writable"
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        path.chmod(0o666)
    answer = run_on_tree(STEP, tree)
    field = _parse(answer)["world_writable"]
    assert isinstance(field, Partial)
    assert (len(answer.stdout) < STEP.output_limit, 0 < len(_paths(field)) < 60_000) == (True, True)
