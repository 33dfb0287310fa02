"""Home folders in every shell of this machine: hostile names, many users, what may not be looked into."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hardening.model.evidence import Field, Known, Partial, Record
from hardening.probes.home_files import KIND
from tests.probes.cases import build_probe
from tests.probes.laid_out import lay_out, run_in_sh, run_in_shells

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.model.evidence import Evidence
    from hardening.model.step import Completed

_DATA = {"kind": "home_files", "names": [".[!.]*", ".ssh/authorized_keys"]}
_HOSTILE = [".a b", ".a\nb", ".a*", ".$(id)", ".a'\"", ".a:b", ".æ", ".a\x1b[31m"]
PROBE = build_probe(_DATA)
[STEP] = KIND.steps([PROBE])
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


def _lay_out(tree: Path, users: dict[str, int], word: str = "x") -> Path:
    lines = [f"{name}:{word}:{uid}:{uid}:G,E:{tree}/home/{name}:/bin/bash\n" for name, uid in users.items()]
    for name in users:
        (tree / "home" / name).mkdir(parents=True)
    return lay_out(tree, {"/etc/passwd": "".join(lines)})


def _read(answer: Completed) -> Evidence:
    return KIND.parse([PROBE], {STEP.name: answer})[PROBE]


def _records(field: Field) -> list[Record]:
    items = field.items if isinstance(field, Partial) else field.value if isinstance(field, Known) else ()
    assert isinstance(items, tuple)
    return [item for item in items if not isinstance(item, str)]


def _values(field: Field, name: str) -> list[object]:
    return [seen.value if isinstance(seen := record[name], Known) else seen for record in _records(field)]


def test_every_shell_says_the_same(tmp_path: Path) -> None:
    tree = _lay_out(tmp_path, {"ola": 0, "kari": 0})
    for name in _HOSTILE:
        (tree / "home/ola" / name).touch()
    (tree / "home/kari/.ssh").mkdir()
    (tree / "home/kari/.ssh/authorized_keys").touch()
    (tree / "home/kari/.gone").symlink_to("nowhere")
    found = {name: _values(_read(answer)["files"], "path") for name, answer in run_in_shells(STEP, tree).items()}
    wanted = sorted(f"/home/ola/{name}" for name in _HOSTILE)
    wanted += ["/home/kari/.ssh", "/home/kari/.ssh/authorized_keys"]
    assert {name: sorted(map(str, paths)) for name, paths in found.items()} == {name: sorted(wanted) for name in found}


def test_no_field_of_passwd_but_those_needed_leaves_the_target(tmp_path: Path) -> None:
    tree = _lay_out(tmp_path, {"ola": 0}, word="$6$salt$digest")
    assert [n for n, answer in run_in_shells(STEP, tree).items() if b"digest" in answer.stdout + answer.stderr] == []


def test_a_home_folder_that_is_not_there_does_not_exist(tmp_path: Path) -> None:
    tree = _lay_out(tmp_path, {"ola": 0})
    (tree / "home/ola").rmdir()
    assert _values(_read(run_in_sh(STEP, tree))["homes"], "exists") == [False]


def test_many_users_take_few_processes(tmp_path: Path) -> None:
    users = {f"u{number}": number for number in range(300)}
    tree = _lay_out(tmp_path, users)
    for name in users:
        (tree / "home" / name / ".profile").touch()
    (tree / "bin").mkdir()
    (tree / "bin/stat").write_text('#!/bin/sh\necho x >&2\nexec /usr/bin/stat "$@"\n')
    (tree / "bin/stat").chmod(0o755)
    answer = run_in_sh(STEP, tree)
    assert (len(_records(_read(answer)["files"])), answer.stderr.count(b"x\n")) == (300, 2)


def test_too_many_files_make_the_list_partial(tmp_path: Path) -> None:
    tree = _lay_out(tmp_path, {"ola": 0})
    for number in range(600):
        (tree / f"home/ola/.f{number}").touch()
    field = _read(run_in_sh(STEP, tree))["files"]
    assert (type(field), len(_records(field))) == (Partial, 500)


@needs_root
def test_a_home_folder_that_may_not_be_looked_into_makes_the_list_partial(tmp_path: Path) -> None:
    tree = _lay_out(tmp_path, {"ola": 0, "kari": 0})
    (tree / "home/ola").chmod(0o700)
    (tree / "home/kari").chmod(0o755)
    (tree / "home/kari/.profile").touch()
    field = _read(run_in_sh(STEP, tree, as_nobody=True))["files"]
    assert (type(field), _values(field, "user")) == (Partial, ["kari"])


@needs_root
def test_homes_behind_a_closed_folder_are_not_known(tmp_path: Path) -> None:
    tree = _lay_out(tmp_path, {"ola": 0})
    (tree / "home").chmod(0o700)
    assert isinstance(_read(run_in_sh(STEP, tree, as_nobody=True))["homes"], Partial)


def test_files_of_another_owner_are_not_the_users_own(tmp_path: Path) -> None:
    tree = _lay_out(tmp_path, {"ola": 4242})
    (tree / "home/ola/.profile").touch()
    if os.geteuid() == 0:
        os.chown(tree / "home/ola/.profile", 4243, 0)
    evidence = _read(run_in_sh(STEP, tree))
    assert (_values(evidence["files"], "own"), _values(evidence["homes"], "own")) == ([False], [False])
