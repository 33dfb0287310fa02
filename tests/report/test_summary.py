"""The summary on a terminal: short, the same without colour, and safe on a CI log."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from hardening.cli.summary import print_summary
from hardening.model.check import Outcome
from hardening.model.evidence import ABSENT
from hardening.model.judgement import TargetJudgement
from hardening.model.texts import Language
from hardening.report.build import with_info
from hardening.report.values import Report
from tests.report.example import build_content, build_example, build_info, build_judgements, without_gaps
from tests.report.rendering import words


def show(report: Report, language: Language = Language.EN, *, width: int = 80, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    print_summary(report, words(language), Console(file=stream, width=width, no_color=True))
    stream.flush()
    return raw.getvalue().decode(encoding)


def unreached(reason: str, number: int = 1) -> list[TargetJudgement]:
    target = build_judgements(build_content())[1]
    endpoint = replace(target.snapshot.endpoints[0], failure=reason, remedy=reason)
    return [
        replace(
            target,
            results=(),
            controls=(),
            snapshot=replace(target.snapshot, target=f"t-{index:02}", endpoints=(endpoint,)),
        )
        for index in range(number)
    ]


@pytest.mark.parametrize("language", list(Language))
def test_summary_is_as_before(language: Language, check_golden: Callable[[str, str], None]) -> None:
    check_golden(f"summary.{language}.txt", show(build_example(), language))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(len(line) for line in show(build_example(), Language.NB, width=width).splitlines()) <= width


def test_no_colour_means_no_escape() -> None:
    assert "\x1b" not in show(build_example())


@pytest.mark.parametrize(
    "reason", ["::error::pwned", "##[error]", "\n::set-output name=a::b", "word " * 60 + "::warning::x"]
)
def test_no_line_begins_with_words_of_a_target(reason: str) -> None:
    starts = {line.lstrip()[:2] for line in show(build_example(unreached(reason))).splitlines()}

    assert starts & {"::", "##", "wo"} == set()


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\r", "\x9b", "\u202e", "\u2066"])
def test_no_control_character_of_a_target_gets_through(character: str) -> None:
    assert character not in show(build_example(unreached(f"a{character}[31mb")))


def test_markup_of_the_terminal_library_stays_text() -> None:
    assert "[bold]x[/bold]" in show(build_example(unreached("[bold]x[/bold]")))


def test_terminal_of_an_older_encoding_gets_question_marks() -> None:
    assert "risk 38 ÷ effort points" in show(build_example(), encoding="latin-1")


def test_long_reason_is_cut() -> None:
    words = show(build_example(unreached("x " * 100_000))).replace("·", " ").split()

    assert "more characters" in " ".join(words)


def test_many_targets_are_counted() -> None:
    shown = show(build_example(unreached("down", 33)))

    assert ("… and 13 more targets" in shown, "… and 23 more lines" in shown) == (True, True)


def test_scan_without_gaps_says_so() -> None:
    assert "There are no gaps in what was examined." in show(build_example([without_gaps()]))


def test_what_is_not_examined_is_always_told() -> None:
    assert "0 of 0 controls are not examined by this scan." in show(build_example([]))


def test_summary_without_a_gate_ends_with_the_coverage_of_controls() -> None:
    report = with_info(build_example(), replace(build_info(), gate=ABSENT))

    assert show(report).splitlines()[-1] == "2 of 27 controls are not examined by this scan."


def test_missing_root_rights_come_with_advice() -> None:
    database = build_judgements(build_content())[0]
    privileges = replace(database.snapshot.privileges, become="no", refused="", remedy="")
    plain = replace(database, snapshot=replace(database.snapshot, privileges=privileges))

    assert "9 checks on db-01 need root rights; scan as root, or with `become: sudo`" in show(
        build_example([plain]), width=120
    )


def test_error_without_a_reason_is_told_without_one() -> None:
    database = build_judgements(build_content())[0]
    result = replace(database.results[0], outcome=Outcome.ERROR, reasons=(), note="", check="linux-perm-shadow")
    alone = replace(database, results=(result,), controls=())

    assert "- 1 check on db-01 got no usable answer\n" in show(build_example([alone]))


def test_results_of_targets_are_not_read() -> None:
    class Unread:
        def __iter__(self) -> object:
            raise AssertionError

    report = build_example()

    assert "What to do first" in show(Report(report.summary, Unread()))  # type: ignore[arg-type]


def test_where_nothing_was_examined_nothing_is_said_of_gaps() -> None:
    (old,) = (judged for judged in build_judgements(build_content()) if not judged.snapshot.reached)
    shown = show(build_example([old]))
    assert ("Nothing could be examined" in shown, "no gaps" in shown) == (True, False)
