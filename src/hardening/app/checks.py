"""Proving and writing checks: lint, samples, new files. Touches no target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.app.content import load_all_content, require_known
from hardening.app.evaluate import KIND_FIELDS
from hardening.content.lint import lint_shipped
from hardening.content.load import load_content
from hardening.content.shipped import find_shipped
from hardening.content.translation import find_untranslated
from hardening.errors import ContentError
from hardening.evaluate.selftest import test_check
from hardening.model.texts import Language
from hardening.probes import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hardening.model.content import Content
    from hardening.model.place import Problem


def lint(site: Sequence[Path]) -> tuple[Content, tuple[Problem, ...]]:
    """Return all content, and what is missing in the shipped part; raises ``ContentError`` if any of it is invalid."""
    shipped = load_content(find_shipped(), kinds=KINDS)
    return load_all_content(site) if site else shipped, lint_shipped(shipped)


def prove(content: Content, names: Sequence[str]) -> tuple[int, tuple[Problem, ...]]:
    """Run the samples of some checks, or of all; return how many checks were proven and what is not.

    Raises ``UsageError`` for a check that does not exist.
    """
    for name in names:
        require_known(name, content.checks, "check", "hardening checks list")
    chosen = [content.checks[name] for name in (names or content.checks)]
    problems = [
        problem
        for check in chosen
        for problem in test_check(check, {alias: KIND_FIELDS[probe.kind] for alias, probe in check.probes.items()})
    ]
    return len(chosen), tuple(problems)


def list_untranslated(site: Sequence[Path], language: str) -> tuple[Problem, ...]:
    """Return what lacks texts in a language, shipped or a site's; raises ``ContentError`` for invalid content."""
    return find_untranslated(load_all_content(site), Language(language))


def lint_problems(site: Sequence[Path]) -> tuple[int, tuple[Problem, ...]]:
    """Return how many checks there are and every problem of the content, invalid files included."""
    try:
        content, missing = lint(site)
    except ContentError as error:
        return 0, error.problems
    return len(content.checks), missing
