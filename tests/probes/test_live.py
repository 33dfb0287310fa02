"""Every step of our kinds in every shell of this machine, on files that the test lays out."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from hardening.model.evidence import Absent, Evidence, Field, Known, Partial, Record, Unreadable
from hardening.model.step import Completed
from hardening.probes import KINDS
from hardening.probes.identification import STEP, parse_identification
from tests.probes.cases import build_probe
from tests.probes.shells import Shell, ask, find_shells, open_to_all, run_step

_NAMES = ["sh", "dash", "bash", "busybox"]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


@pytest.fixture(scope="session")
def shells(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shell]:
    return find_shells(open_to_all(tmp_path_factory.mktemp("applets")))


@pytest.fixture(params=_NAMES)
def shell(request: pytest.FixtureRequest, shells: dict[str, Shell]) -> Shell:
    if request.param not in shells:
        pytest.skip(f"{request.param} is not installed here")
    return shells[request.param]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return open_to_all(tmp_path)


def _value(field: Field) -> object:
    assert isinstance(field, Known)
    return field.value


def _records(field: Field) -> tuple[Record, ...]:
    items = field.items if isinstance(field, Partial) else _value(field)
    assert isinstance(items, tuple)
    return tuple(item for item in items if not isinstance(item, str))


def _ask_key(shell: Shell, tree: Path, key: str, *, as_nobody: bool = False, **parameters: object) -> Evidence:
    probe = build_probe({"kind": "config_key", "path": f"{tree}/main.conf", "key": key, **parameters})
    return ask(probe, shell, as_nobody=as_nobody)


def test_file_status_reads_a_real_file(shell: Shell, tree: Path) -> None:
    path = tree / "it's a file"
    path.write_text("12345")
    path.chmod(0o4640)
    os.utime(path, (1, 86400))
    evidence = ask(build_probe({"kind": "file_status", "path": str(path)}), shell)
    seen = [_value(evidence[name]) for name in ("type", "mode", "uid", "size", "links", "modified")]
    assert seen == ["file", "4640", os.getuid(), 5, 1, 86400]


def test_file_status_follows_links(shell: Shell, tree: Path) -> None:
    (tree / "link").symlink_to(tree)
    evidence = ask(build_probe({"kind": "file_status", "path": f"{tree}/link"}), shell)
    assert _value(evidence["type"]) == "directory"


@pytest.mark.parametrize("name", ["missing", "dangling", "file/below"])
def test_file_status_of_nothing_is_absent(shell: Shell, tree: Path, name: str) -> None:
    (tree / "dangling").symlink_to(tree / "nowhere")
    (tree / "file").touch()
    path = f"{tree}/{name}"
    assert ask(build_probe({"kind": "file_status", "path": path}), shell)["mode"] == Absent(path)


@needs_root
def test_file_status_behind_a_refused_folder_is_unreadable(shell: Shell, tree: Path) -> None:
    (tree / "closed").mkdir(mode=0o700)
    evidence = ask(build_probe({"kind": "file_status", "path": f"{tree}/closed/x"}), shell, as_nobody=True)
    assert isinstance(evidence["mode"], Unreadable)


# acl(5) in the form of the kernel: the owner may write; nobody, the group and the mask may read; others may nothing.
_ACCESS_LIST = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", tag, rights, number)
    for tag, rights, number in ((1, 6, 0xFFFFFFFF), (2, 4, 65534), (4, 4, 0xFFFFFFFF), (16, 4, 0xFFFFFFFF), (32, 0, 0))
)


def test_file_with_an_access_list_is_not_its_groups_alone(shell: Shell, tree: Path) -> None:
    for name in ("listed", "plain"):
        (tree / name).touch()
        (tree / name).chmod(0o640)
    os.setxattr(tree / "listed", "system.posix_acl_access", _ACCESS_LIST)
    probes = [build_probe({"kind": "file_status", "path": f"{tree}/{name}"}) for name in ("listed", "plain")]
    listed, plain = (ask(probe, shell) for probe in probes)
    if shell.command[0].endswith("busybox"):
        assert {type(each["acl"]) for each in (listed, plain)} == {Unreadable}
    else:
        assert [_value(each["acl"]) for each in (listed, plain)] == [True, False]
        assert (_value(listed["mode"]), type(listed["group"]), type(plain["group"])) == ("0640", Unreadable, Known)


def test_files_with_access_lists_are_told_apart_whatever_their_names(shell: Shell, tree: Path) -> None:
    names = {"plain": False, "a b": True, 'say "x"': True, "a\nb": False, "\x1b\\0": True, "æ": True}
    for name, has_list in names.items():
        (tree / name).touch()
        (tree / name).chmod(0o640)
        if has_list:
            os.setxattr(tree / name, "system.posix_acl_access", _ACCESS_LIST)
    files = _records(ask(build_probe({"kind": "file_list", "patterns": [f"{tree}/*"]}), shell)["files"])
    seen = {type(file["group"]) is Known for file in files}
    if shell.command[0].endswith("busybox"):
        assert seen == {True}
    else:
        found = [(_value(file["acl"]), type(file["group"]) is Unreadable) for file in files]
        assert sorted(found) == sorted((has_list, has_list) for has_list in names.values())


def test_owner_without_a_name_is_its_number(shell: Shell, tree: Path) -> None:
    path = tree / "orphan"
    path.touch()
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(path, 61234, 61235)
    evidence = ask(build_probe({"kind": "file_status", "path": str(path)}), shell)
    assert (_value(evidence["owner"]), _value(evidence["group"])) == ("61234", "61235")


def test_file_list_survives_hostile_names(shell: Shell, tree: Path) -> None:
    names = ["-rf", "a b", "a\nb", "a\n81a4:0:0:1:0:0:root:root:x", "*", "\x1b[31m", "$(id)", "æ", "plain"]
    for name in names:
        (tree / name).touch()
    files = _records(ask(build_probe({"kind": "file_list", "patterns": [f"{tree}/*"]}), shell)["files"])
    assert sorted(str(_value(file["path"])) for file in files) == sorted(f"{tree}/{name}" for name in names)


def test_file_list_takes_its_own_path_literally(shell: Shell, tree: Path) -> None:
    folder = tree / "a b;$(id)'"
    folder.mkdir()
    (folder / "x1").touch()
    files = _records(ask(build_probe({"kind": "file_list", "patterns": [f"{folder}/x[0-9]"]}), shell)["files"])
    assert [_value(file["path"]) for file in files] == [f"{folder}/x1"]


def test_file_list_of_nothing_is_an_empty_list(shell: Shell, tree: Path) -> None:
    (tree / "dangling").symlink_to(tree / "nowhere")
    evidence = ask(build_probe({"kind": "file_list", "patterns": [f"{tree}/*", "/nowhere/*"]}), shell)
    assert _value(evidence["files"]) == ()


@needs_root
def test_file_list_with_a_refused_folder_is_partial(shell: Shell, tree: Path) -> None:
    for name, mode in (("open", 0o755), ("closed", 0o700)):
        (tree / name).mkdir()
        (tree / name / "file").touch()
        (tree / name).chmod(mode)
    field = ask(build_probe({"kind": "file_list", "patterns": [f"{tree}/*/file"]}), shell, as_nobody=True)["files"]
    assert isinstance(field, Partial)
    assert [_value(file["path"]) for file in _records(field)] == [f"{tree}/open/file"]


@needs_root
@pytest.mark.parametrize("mode", [0o700, 0o711, 0o744])
def test_file_list_in_a_refused_folder_is_unreadable(shell: Shell, tree: Path, mode: int) -> None:
    (tree / "closed").mkdir()
    (tree / "closed").chmod(mode)
    field = ask(build_probe({"kind": "file_list", "patterns": [f"{tree}/closed/*"]}), shell, as_nobody=True)["files"]
    assert isinstance(field, Unreadable)


def test_words_take_the_last_value_and_skip_comments(shell: Shell, tree: Path) -> None:
    (tree / "main.conf").write_text("UMASK\t022\n#UMASK 000\nUMASK_X 1\n  UMASK   027  \nOTHER 1")
    evidence = _ask_key(shell, tree, "UMASK", format="words")
    assert (evidence["value"], evidence["number"]) == (
        Known("027", f"{tree}/main.conf:4"),
        Known(0o27, f"{tree}/main.conf:4"),
    )


def test_dropins_are_read_in_byte_order_after_the_main_file(shell: Shell, tree: Path) -> None:
    (tree / "d").mkdir()
    (tree / "main.conf").write_text("minlen = 8 # short\n")
    for name, value in (("9.conf", 9), ("10.conf", 10), ("a.conf", 11), ("B.conf", 12), ("x.bak", 13)):
        (tree / "d" / name).write_text(f"minlen={value}\n")
    evidence = _ask_key(shell, tree, "minlen", dropins=[f"{tree}/d/*.conf"])
    assert (_value(evidence["values"]), _value(evidence["number"])) == (("8", "10", "9", "12", "11"), 11)


def test_main_file_can_come_after_its_dropins(shell: Shell, tree: Path) -> None:
    (tree / "main.conf").write_text("minlen = 8\n")
    (tree / "50.conf").write_text("minlen = 14\n")
    evidence = _ask_key(shell, tree, "minlen", dropins=[f"{tree}/[0-9]*.conf"], main="last")
    assert _value(evidence["number"]) == 8


def test_ini_reads_its_section_only(shell: Shell, tree: Path) -> None:
    (tree / "main.conf").write_text("key=top\n[a]\nkey = 1\n;key = 2\n[b]\nkey=3\n")
    evidence = _ask_key(shell, tree, "key", format="ini", section="a")
    assert evidence["value"] == Known("1", f"{tree}/main.conf:3")


def test_systemd_dropins_continuations_and_resets(shell: Shell, tree: Path) -> None:
    (tree / "main.conf").write_text("[S]\nExec=a\n")
    (tree / "main.conf.d").mkdir()
    (tree / "main.conf.d" / "10.conf").write_text("[S]\nExec=\nExec=b \\\n# comment\n  c=d\n\nexec=no\n")
    (tree / "main.conf.d" / "20.conf").symlink_to("/dev/null")
    evidence = _ask_key(shell, tree, "Exec", format="systemd", section="S")
    assert evidence["values"] == Known(("b    c=d",), f"{tree}/main.conf")


def test_missing_file_sets_nothing(shell: Shell, tree: Path) -> None:
    path = f"{tree}/main.conf"
    assert _ask_key(shell, tree, "key") == {
        "value": Absent(path),
        "values": Known((), path),
        "number": Absent(path),
        "set": Known(value=False, place=path),
    }


@needs_root
@pytest.mark.parametrize("layout", ["words", "equals", "ini", "systemd"])
def test_refused_file_is_unreadable(shell: Shell, tree: Path, layout: str) -> None:
    (tree / "main.conf").write_text("[s]\nkey = 1\n")
    (tree / "main.conf").chmod(0o600)
    evidence = _ask_key(shell, tree, "key", as_nobody=True, format=layout, section="s")
    assert [type(evidence[name]) for name in ("value", "number", "set")] == [Unreadable] * 3


@needs_root
def test_refused_dropin_folder_leaves_the_value_open(shell: Shell, tree: Path) -> None:
    (tree / "main.conf").write_text("key = 1\n")
    (tree / "d").mkdir(mode=0o700)
    evidence = _ask_key(shell, tree, "key", as_nobody=True, dropins=[f"{tree}/d/*.conf"])
    assert (type(evidence["value"]), evidence["set"]) == (Unreadable, Known(value=True, place=f"{tree}/main.conf:1"))


def test_fifo_in_place_of_a_file_does_not_hang(shell: Shell, tree: Path) -> None:
    os.mkfifo(tree / "main.conf")
    assert isinstance(_ask_key(shell, tree, "key")["value"], Unreadable)


def test_secret_values_stay_on_the_target(shell: Shell, tree: Path) -> None:
    (tree / "main.conf").write_text("bindpw hunter2\nbind yes\n")
    probes = [
        build_probe({"kind": "config_key", "path": f"{tree}/main.conf", "format": "words", "key": key})
        for key in ("bindpw", "bind")
    ]
    [step] = KINDS["config_key"].steps(probes)
    answer = run_step(step, shell)
    assert isinstance(answer, Completed)
    assert b"bind yes" in answer.stdout
    assert b"hunter2" not in answer.stdout
    assert _value(ask(probes[0], shell)["value"]) == "set"


def test_sysctl_reads_the_running_kernel(shell: Shell) -> None:
    states = _records(ask(build_probe({"kind": "sysctl", "key": "kernel.pid_max"}), shell)["states"])
    now = next(state for state in states if _value(state["when"]) == "now")
    expected = int(Path("/proc/sys/kernel/pid_max").read_text())
    assert (now["number"], _value(now["key"])) == (
        Known(expected, "/proc/sys/kernel/pid_max"),
        "kernel.pid_max",
    )


def test_sysctl_glob_finds_every_interface(shell: Shell) -> None:
    states = _records(ask(build_probe({"kind": "sysctl", "key": "net.ipv4.conf.*.rp_filter"}), shell)["states"])
    keys = [str(_value(state["key"])) for state in states if _value(state["when"]) == "now"]
    names = sorted(path.name for path in Path("/proc/sys/net/ipv4/conf").iterdir())
    assert keys == [f"net.ipv4.conf.{name.replace('.', '/')}.rp_filter" for name in names]


def test_identification_says_who_we_are(shell: Shell) -> None:
    found = parse_identification(run_step(STEP, shell))
    assert (found.uid, isinstance(found.target_time, int)) == (os.getuid(), True)


def test_packages_need_a_database(shell: Shell) -> None:
    evidence = ask(build_probe({"kind": "packages", "names": ["no-such-package", "dpkg", "rpm"]}), shell)
    assert isinstance(evidence["installed"], Unreadable) or _value(evidence["installed"]) != ()
