"""Start-up files as text: what stands there is told, and what only a run could tell is not guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hardening.model.evidence import Field, Known, Partial, Record, Unreadable
from hardening.model.probe import Probe
from hardening.probes.name_services import KIND as NAMES
from hardening.probes.shell_startup import KIND
from tests.probes.laid_out import lay_out, run_in_sh, run_in_shells

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.model.evidence import Evidence
    from hardening.model.step import Completed

PROBE = Probe.build("shell_startup", {})
[STEP] = KIND.steps([PROBE])


def _read(answer: Completed) -> Evidence:
    return KIND.parse([PROBE], {STEP.name: answer})[PROBE]


def _ask(tree: Path, profile: str) -> Evidence:
    return _read(run_in_sh(STEP, lay_out(tree, {"/etc/profile": profile})))


def _system(field: Field) -> list[Record]:
    items = field.items if isinstance(field, Partial) else field.value if isinstance(field, Known) else ()
    assert isinstance(items, tuple)
    records = [item for item in items if not isinstance(item, str)]
    return [record for record in records if not _place(record).startswith("/root")]


def _place(record: Record) -> str:
    first = next(iter(record.values()))
    return first.place if isinstance(first, Known) else ""


@pytest.mark.parametrize(
    ("line", "grants"),
    [
        ("umask 027", "0750"),
        ("  umask 0077 # strict", "0700"),
        ("if x; then umask 22; fi", "0755"),
        ("(umask 077; tar x)", "0700"),
        ('umask "027"', "0750"),
        ("umask u=rwx,g=rx,o=", "0750"),
        ("umask a=rx", "0555"),
        ("umask o=", "0770"),
    ],
)
def test_masks_are_understood(tmp_path: Path, line: str, grants: str) -> None:
    assert [record["grants"] for record in _system(_ask(tmp_path, line)["umasks"])] == [Known(grants, "/etc/profile:1")]


@pytest.mark.parametrize("line", ["umask $MASK", "umask g-w", "umask `x`", "umask 9"])
def test_masks_that_only_a_run_could_tell_are_unreadable(tmp_path: Path, line: str) -> None:
    assert [type(record["grants"]) for record in _system(_ask(tmp_path, line)["umasks"])] == [Unreadable]


@pytest.mark.parametrize(
    "line", ["# umask 000", "echo umask 000", "umask", "umask -S", "myumask 000", "true # umask 000"]
)
def test_what_sets_no_mask_is_left_out(tmp_path: Path, line: str) -> None:
    assert _system(_ask(tmp_path, line)["umasks"]) == []


@pytest.mark.parametrize("line", ["TMOUT=600", "export TMOUT=600", "readonly TMOUT=600", "declare -xr TMOUT='600'"])
def test_times_are_understood(tmp_path: Path, line: str) -> None:
    assert [r["seconds"] for r in _system(_ask(tmp_path, line)["timeouts"])] == [Known(600, "/etc/profile:1")]


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("TMOUT=600\n", False),
        ("TMOUT=600\nreadonly TMOUT\n", True),
        ("typeset -r TMOUT=600\n", True),
        ("readonly OTHER TMOUT\n", True),
        ("# readonly TMOUT\n", False),
    ],
)
def test_read_only_times_are_recognised(tmp_path: Path, text: str, fixed: bool) -> None:  # noqa: FBT001 - a case
    field = _ask(tmp_path, text)["timeout_fixed"]
    assert isinstance(field, Known)
    assert field.value is fixed


@pytest.mark.parametrize(
    ("line", "folders"),
    [
        ('PATH="/usr/sbin:/usr/bin"', ["/usr/sbin", "/usr/bin"]),
        ("export PATH=$PATH:/opt/x", ["/opt/x"]),
        ("PATH=/opt/x:${PATH}", ["/opt/x"]),
        ("PATH=$HOME/bin:~/b", ["/root/bin", "/root/b"]),
        ("pathmunge /opt/x after", ["/opt/x"]),
        ("pathmunge () {", []),
        ("PATH=$1:$PATH", []),
        ("MANPATH=/opt/x", []),
        ("x_path=/opt/x; PATH=$PATH:${x_path}", ["/opt/x"]),
    ],
)
def test_entries_of_the_search_path_are_found(tmp_path: Path, line: str, folders: list[str]) -> None:
    found = [record["folder"] for record in _system(_ask(tmp_path, line)["path"])]
    assert [field.value for field in found if isinstance(field, Known)] == folders


@pytest.mark.parametrize(
    "line", ["PATH=$PATH:", "PATH=:$PATH", "PATH=/bin::/usr/bin", "PATH=$PATH:.", "PATH=$PATH:bin"]
)
def test_entries_that_are_no_whole_path_are_told(tmp_path: Path, line: str) -> None:
    found = [record["absolute"] for record in _system(_ask(tmp_path, line)["path"])]
    assert Known(value=False, place="/etc/profile:1") in found


def test_a_line_too_long_to_be_read_makes_the_list_partial(tmp_path: Path) -> None:
    assert isinstance(_ask(tmp_path, f"umask 027 # {'readonly ' * 1000}")["umasks"], Partial)


def test_an_entry_with_an_unknown_variable_is_unreadable(tmp_path: Path) -> None:
    [record] = _system(_ask(tmp_path, "PATH=$PATH:$JAVA_HOME/bin")["path"])
    assert (type(record["absolute"]), type(record["mode"])) == (Unreadable, Unreadable)


def test_a_folder_that_is_there_has_its_status(tmp_path: Path) -> None:
    [record] = _system(_ask(tmp_path, "PATH=/proc")["path"])
    assert record["mode"] == Known("0555", "/proc")


def test_every_shell_says_the_same(tmp_path: Path) -> None:
    text = "umask 027\nTMOUT=60\nPATH=$PATH:/opt:.:'/usr/bin'\n"
    answers = run_in_shells(STEP, lay_out(tmp_path, {"/etc/profile": text, "/etc/profile.d/x.sh": "umask 022\n"}))
    found = [_read(answer) for answer in answers.values()]
    assert [evidence for evidence in found if evidence != found[0]] == []


def _sources(tree: Path, text: str) -> dict[object, object]:
    probe = Probe.build("name_services", {})
    [step] = NAMES.steps([probe])
    answers = run_in_shells(step, lay_out(tree, {"/etc/nsswitch.conf": text}))
    found = [NAMES.parse([probe], {step.name: answer})[probe]["databases"] for answer in answers.values()]
    assert [field for field in found if field != found[0]] == []
    pairs = [(record["database"], record["sources"]) for record in _system(found[0])]
    return {name.value: seen.value for name, seen in pairs if isinstance(name, Known) and isinstance(seen, Known)}


def test_sources_of_names_are_read_without_actions_and_comments(tmp_path: Path) -> None:
    text = "# passwd: nis\npasswd:files [NOTFOUND=return] nis # sss\n group : compat\nshadow:\n"
    assert _sources(tmp_path, text) == {"passwd": ("files", "nis"), "group": ("compat",), "shadow": ()}
