"""Where reports go: whole or not at all, and nothing else is ever replaced."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from hardening.app.report import Destination, render_options, require_destinations, write_reports
from hardening.errors import StorageError, UsageError
from hardening.model.texts import Language
from hardening.report.format import RenderOptions
from hardening.report.values import Report
from tests.report.example import build_content, build_example, build_judgements
from tests.report.rendering import SMALL, small_example


def options(own: Path | None = None) -> RenderOptions:
    return render_options(Language.NB, UTC, own=own)


def write(destination: Destination, own: Path | None = None, *, many: bool = False) -> None:
    report = many_targets() if many else small_example()
    write_reports(report, [destination], options(own), io.BytesIO())


def many_targets() -> Report:
    content = build_content(only=SMALL)
    first = build_judgements(content)[0]
    names = [f"srv-{number:02}" for number in range(21)]
    return build_example(
        [replace(first, snapshot=replace(first.snapshot, target=name), results=(), controls=()) for name in names],
        content,
    )


def test_evidence_of_more_than_twenty_targets_is_a_folder(tmp_path: Path) -> None:
    write(Destination("html", str(tmp_path / "out"), "evidence"), many=True)

    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert (files[:2], len(files)) == ([".hardening-report", "index.html"], 23)
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()] == [0o600] * 23


def test_folder_of_an_earlier_report_is_replaced_as_a_whole(tmp_path: Path) -> None:
    destination = Destination("html", str(tmp_path / "out"), "evidence")
    write(destination, many=True)
    (tmp_path / "out" / "target-gone.html").write_text("old")
    write(destination, many=True)

    assert not (tmp_path / "out" / "target-gone.html").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_folder_with_something_else_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    destination = Destination("html", str(tmp_path / "out"), "evidence")

    with pytest.raises(UsageError, match="is a folder"):
        require_destinations([destination])
    with pytest.raises(StorageError, match="holds something else"):
        write(destination, many=True)
    assert (tmp_path / "out" / "mine").read_text() == "mine"


def test_folder_that_cannot_be_written_to_stops_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)

    with pytest.raises(StorageError, match="cannot be written to; choose another"):
        require_destinations([Destination("html", str(tmp_path / "a.html"))])


def test_format_whose_library_is_missing_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(UsageError, match=r"pdf needs typst; install it with `pip install 'hardening\[pdf\]'`"):
        require_destinations([Destination("pdf", str(tmp_path / "a.pdf"))])


def test_without_a_view_many_targets_give_actions_in_one_file(tmp_path: Path) -> None:
    write(Destination("html", str(tmp_path / "a.html")), many=True)

    assert "view-actions" in (tmp_path / "a.html").read_text()


def test_without_a_view_few_targets_give_evidence(tmp_path: Path) -> None:
    write(Destination("html", str(tmp_path / "a.html")))

    assert "view-evidence" in (tmp_path / "a.html").read_text()


def test_template_that_does_not_compile_stops_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "method.html").write_text("{% if %}")

    with pytest.raises(UsageError, match=r"template method.html:1: .*; mend it"):
        options(tmp_path)


def test_template_that_fails_leaves_the_old_report(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "method.html").write_text("{{ nothing }}")
    (tmp_path / "a.html").write_text("old")

    with pytest.raises(UsageError, match="'nothing' is undefined"):
        write(Destination("html", str(tmp_path / "a.html")), tmp_path / "reports")
    assert (tmp_path / "a.html").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "reports"]


def test_template_of_the_site_comes_before_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "method.html").write_text("<p>{{ house.name }}ours</p>")
    write(Destination("html", str(tmp_path / "a.html"), "actions"), tmp_path / "reports")

    assert "<p>ours</p>" in (tmp_path / "a.html").read_text()
