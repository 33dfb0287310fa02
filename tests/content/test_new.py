"""Templates of checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.content.new import render_new_check, write_new_check
from hardening.errors import UsageError
from tests.content.example import FILE, FILES, KINDS, PLAIN, load, problems_of, write_only

REST = {name: text for name, text in FILES.items() if name == "checks/actions.yaml"}


def fill(text: str, *words: str) -> str:
    """Return a template with its blanks filled in their order; a comment names no blank but the first line does."""
    first, newline, rest = text.partition("\n")
    for word in words:
        assert "…" in rest
        rest = rest.replace("…", word, 1)
    return first + newline + rest


def test_filled_template_of_plain_fields_is_valid(tmp_path: Path) -> None:
    text = fill(
        render_new_check("linux-plain-one", PLAIN),
        *("A", "B", "low", "C", "D", "[a]", "subject.found", "contains", "a", "E", "F", "fix-permissions"),
        *("https://example.org/a", "good", "found", "[a]", "bad", "found", "[]"),
    )
    write_only(tmp_path, {**REST, "checks/linux/plain/linux-plain-one.yaml": text})

    assert list(load(tmp_path).checks) == ["linux-plain-one"]


def test_filled_template_of_records_is_valid(tmp_path: Path) -> None:
    text = fill(
        render_new_check("linux-file-one", FILE),
        *("A", "B", "low", "C", "D", "/a", "name", "pass", "uid", "at_least", "5", "E", "F", "fix-permissions"),
        *("https://example.org/a", "good", "users", "[{name: a, uid: 9}]", "bad", "users", "[{name: a, uid: 0}]"),
    )
    write_only(tmp_path, {**REST, "checks/linux/file/linux-file-one.yaml": text})

    assert list(load(tmp_path).checks) == ["linux-file-one"]


def test_every_blank_left_is_named(tmp_path: Path) -> None:
    text = render_new_check("linux-plain-one", PLAIN)
    name = "checks/linux/plain/linux-plain-one.yaml"
    write_only(tmp_path, {**REST, name: text})
    blanks = [
        f"{name}:{line}:"
        for line, content in enumerate(text.splitlines(), 1)
        for _ in range(content.count("…"))
        if not content.startswith("#")
    ]

    assert [problem[: len(blank)] for problem, blank in zip(problems_of(tmp_path), blanks, strict=True)] == blanks


def test_template_names_every_field_of_its_kind() -> None:
    text = render_new_check("linux-file-one", FILE)

    assert [name for name in FILE.fields if f"subject.{name} (" not in text] == []


def test_template_names_every_parameter_of_its_kind() -> None:
    text = render_new_check("linux-file-one", FILE)

    assert [name for name in FILE.parameters if f"{name}: " not in text] == []


def test_template_of_a_directory_check_runs_on_windows() -> None:
    assert "os_family: windows" in render_new_check("ad-one", PLAIN)


def test_new_check_is_written_where_it_belongs(tmp_path: Path) -> None:
    path = write_new_check("win-rdp-nla", kind="plain", group="remote", folder=tmp_path, kinds=KINDS)

    assert path.relative_to(tmp_path).as_posix() == "checks/windows/remote/win-rdp-nla.yaml"


def test_second_word_of_the_id_is_the_group_if_none_is_given(tmp_path: Path) -> None:
    path = write_new_check("linux-perm-motd", kind="plain", group="", folder=tmp_path, kinds=KINDS)

    assert path.read_text(encoding="utf-8") == render_new_check("linux-perm-motd", PLAIN)


def test_existing_file_is_never_replaced(tmp_path: Path) -> None:
    path = write_new_check("linux-perm-motd", kind="plain", group="perm", folder=tmp_path, kinds=KINDS)
    path.write_text("mine", encoding="utf-8")

    with pytest.raises(UsageError, match="is already there"):
        write_new_check("linux-perm-motd", kind="plain", group="perm", folder=tmp_path, kinds=KINDS)
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("check", ["perm-motd", "linux-", "linux-Perm", "linux-a/../../b", "../linux-x", ""])
def test_bad_id_is_refused(tmp_path: Path, check: str) -> None:
    with pytest.raises(UsageError, match="is no id of a check"):
        write_new_check(check, kind="plain", group="", folder=tmp_path, kinds=KINDS)


def test_bad_group_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no name of a group"):
        write_new_check("linux-perm-motd", kind="plain", group="../..", folder=tmp_path, kinds=KINDS)


def test_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='did you mean "plain"'):
        write_new_check("linux-perm-motd", kind="plein", group="", folder=tmp_path, kinds=KINDS)


def test_folder_that_cannot_be_written_is_an_error_of_usage(tmp_path: Path) -> None:
    (tmp_path / "checks").write_text("a file", encoding="utf-8")

    with pytest.raises(UsageError, match="cannot be written"):
        write_new_check("linux-perm-motd", kind="plain", group="", folder=tmp_path, kinds=KINDS)
