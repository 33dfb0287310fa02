"""Mounts: the rules of mount(8), fstab(5) and systemd.mount(5), beside the recorded cases."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.model.evidence import Evidence, Known
from hardening.probes import KINDS
from hardening.probes.listing import Listing
from hardening.probes.mount_files import TABLE, MountFiles
from hardening.probes.mount_table import (
    Mounted,
    covers,
    find_mount,
    find_visible_mount,
    read_mounts_now,
    settle_options,
    unescape,
    unit_path,
)
from tests.probes.cases import build_probe
from tests.probes.laid_out import lay_out
from tests.probes.shells import find_shells, open_to_all, run_step
from tests.probes.system_tree import run_on_tree, run_on_tree_everywhere

if TYPE_CHECKING:
    from pathlib import Path

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
_FSTAB = (
    "//srv/x /mnt/x cifs username=u,password=hunter2,credentials=/x 0 0\nhttps://u:hunter2@dav/ /mnt/d davfs x 0 0\n"
)


def _ask(kind: str, tree: Path, **parameters: object) -> Evidence:
    probe = build_probe({"kind": kind, **parameters})
    [step] = KINDS[kind].steps([probe])
    return KINDS[kind].parse([probe], {step.name: run_on_tree(step, tree)})[probe]


def _mount(path: str, source: str = "") -> Mounted:
    return Mounted(path=path, source=source, fstype="x", options=(), place="")


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("defaults", ("defaults",)),
        ("noexec,exec", ()),
        ("exec,noexec", ("noexec",)),
        ("user", ("nodev", "noexec", "nosuid", "user")),
        ("user,exec", ("nodev", "nosuid", "user")),
        ("exec,user", ("nodev", "noexec", "nosuid", "user")),
        ("owner", ("nodev", "nosuid", "owner")),
        ("ro,rw", ()),
        ("rw,ro", ("ro",)),
        ("noauto, nodev", ("nodev", "noauto")),
        ("", ()),
    ],
)
def test_later_option_wins(text: str, options: tuple[str, ...]) -> None:
    assert settle_options(text) == options


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("-.mount", "/"),
        ("srv.mount", "/srv"),
        ("var-log.mount", "/var/log"),
        (r"srv-a\x2db.mount", "/srv/a-b"),
        (r"srv-\xc3\xa6.mount", "/srv/æ"),
    ],
)
def test_unit_name_is_a_path(name: str, path: str) -> None:
    assert unit_path(name) == path


@pytest.mark.parametrize(
    ("text", "path"), [(r"/mnt/a\040b", "/mnt/a b"), (r"/\303\246", "/æ"), (r"/a\134b", "/a\\b"), ("/x\\9", "/x\\9")]
)
def test_octal_escapes_are_bytes(text: str, path: str) -> None:
    assert unescape(text) == path


@given(st.text(max_size=20))
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(unescape(unit_path(text)), str)


def test_nearest_and_last_mount_holds_a_path() -> None:
    mounts = [_mount("/"), _mount("/home", "below"), _mount("/home", "above"), _mount("/homes")]
    found = find_mount(mounts, "/home/x")
    assert found == mounts[2]


_NAMES = st.sampled_from(["/", "/a", "/a/b", "/a/b/c", "/d"])


@given(st.lists(st.tuples(st.integers(0, 9), _NAMES), max_size=10), _NAMES)
def test_any_table_has_an_end(rows: list[tuple[int, str]], path: str) -> None:
    mounts = [
        replace(_mount(where), number=str(number), parent=str(parent)) for number, (parent, where) in enumerate(rows)
    ]
    found = find_visible_mount(mounts, path)
    assert found is None or covers(found.path, path)


@needs_root
def test_kernel_agrees_about_what_is_visible(tmp_path: Path) -> None:
    outer, inner = tmp_path / "a", tmp_path / "a/b"
    look = f"stat -c %Hd:%Ld {inner}; cat /proc/self/mountinfo; echo end"
    script = f"""
        mkdir -p {inner} && mount -t tmpfs hidden {inner} && mount -t tmpfs around {outer} && mkdir -p {inner}
        {look}
        mount -t tmpfs above {inner} && mount -t tmpfs top {inner}
        {look}"""
    done = subprocess.run(["unshare", "--mount", "sh", "-ec", script], capture_output=True, text=True, check=True)
    for text in done.stdout.split("end\n")[:-1]:
        device, *table = text.splitlines()
        lines = {TABLE.text: list(enumerate(table, 1))}
        files = MountFiles(listing=Listing(entries={}, refused={}, rest="", complete=True), lines=lines, rest="")
        found = find_visible_mount(read_mounts_now(files), str(inner))
        assert found is not None
        assert (found.device, len(table) > 0) == (device, True)


def test_name_that_begins_alike_is_no_folder_around() -> None:
    assert (covers("/home", "/homes/x"), covers("/", "/x"), covers("/home", "/home")) == (False, True, True)


def test_passwords_in_options_stay_on_the_target(tmp_path: Path) -> None:
    [step] = KINDS["mounts"].steps([build_probe({"kind": "mounts"})])
    answers = run_on_tree_everywhere(step, lay_out(tmp_path, {"/etc/fstab": _FSTAB, "/bin/x": ""}))
    assert {(b"password=set" in a.stdout, b"hunter2" in a.stdout) for a in answers.values()} == {(True, False)}


def test_file_system_around_gives_its_options(tmp_path: Path) -> None:
    tree = lay_out(tmp_path, {"/etc/fstab": "/dev/sda1 /var ext4 nodev 0 0\n", "/bin/x": ""})
    [state] = _states(_ask("mount", tree, path="/var/lib"))
    assert (state["mounted"], state["options"]) == (
        Known(value=False, place="/etc/fstab:1"),
        Known(("nodev",), "/etc/fstab:1"),
    )


def _states(evidence: Evidence) -> tuple[Evidence, ...]:
    field = evidence["states"]
    assert isinstance(field, Known)
    assert isinstance(field.value, tuple)
    return tuple(record for record in field.value if not isinstance(record, str))


def test_this_machine_answers(tmp_path: Path) -> None:
    shells = find_shells(open_to_all(tmp_path))
    probe = build_probe({"kind": "mount", "path": "/proc"})
    [step] = KINDS["mount"].steps([probe])
    states = {
        name: _states(KINDS["mount"].parse([probe], {step.name: run_step(step, shell)})[probe])[0]["fstype"]
        for name, shell in shells.items()
    }
    assert {field.value for field in states.values() if isinstance(field, Known)} == {"proc"}
