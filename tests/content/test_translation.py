"""Texts that lack a language are found, wherever in the content they stand."""

from __future__ import annotations

from dataclasses import replace

from hardening.content.translation import find_untranslated
from hardening.model.texts import Language, Texts
from tests.report.example import build_content


def test_texts_without_nynorsk_are_named_with_what_lacks_it() -> None:
    content = build_content(only=("linux-ssh-root-login",))
    problems = [str(problem) for problem in find_untranslated(content, Language.NN)]

    assert any("linux-ssh-root-login lacks nn: title, rationale, remediation, danger" in line for line in problems)
    assert any("linux-server lacks nn: title" in line for line in problems)
    assert any("nsm-gp-ikt-2.1 2.6.4 lacks nn: title" in line for line in problems)


def test_text_that_is_there_is_not_named() -> None:
    content = build_content(only=("linux-ssh-root-login",))
    check = content.checks["linux-ssh-root-login"]
    whole = Texts(en="a", nb="b", nn="c")
    done = replace(check, title=whole, rationale=whole, remediation=whole, danger=whole)
    problems = find_untranslated(replace(content, checks={check.id: done}), Language.NN)

    assert not any("linux-ssh-root-login" in str(problem) for problem in problems)


def test_english_and_bokmal_are_always_there() -> None:
    content = build_content()

    assert (find_untranslated(content, Language.EN), find_untranslated(content, Language.NB)) == ((), ())
