"""The HTML report: one file without scripts, pictures or requests, for screen, print and screen readers."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from hardening.model.clean import clean_line
from hardening.model.evidence import Absent
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.views import build_cards, measure_label
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from hardening.report.values import MeasureLine, PrincipleLine, Report, Summary

TEMPLATE = "report.html"
STYLE_SHEET = "report.css"
CHUNK_CHARACTERS = 64_000


def render_html(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the HTML report."""
    yield OutputFile("report.html", _render_chunks(report, options))


def _render_chunks(report: Report, options: RenderOptions) -> Iterator[bytes]:
    environment = open_environment(options.folder / "html")
    style = environment.get_template(STYLE_SHEET).render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    summary = report.summary
    pieces = environment.get_template(TEMPLATE).generate(
        w=load_wording(options.folder, options.language, options.zone),
        language=options.language.value,
        summary=summary,
        targets=report.targets,
        cards=build_cards(summary),
        checks={check.id: check for check in summary.checks},
        principles=_examined(summary.principles),
        measures=_measures_by_state(summary),
        style_digest=digest,
    )
    return _encode(pieces)


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, which judges an attribute once for each type: its verdict depends on nothing else."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - those of Jinja2
        super().__init__(**options)
        self._verdicts: dict[tuple[type, str], bool] = {}

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        """Tell whether a template may read this attribute."""
        key = (type(obj), attr)
        if key not in self._verdicts:
            self._verdicts[key] = super().is_safe_attribute(obj, attr, value)
        return self._verdicts[key]


@cache
def open_environment(folder: Path) -> ImmutableSandboxedEnvironment:
    """Return the sandbox that templates run in: everything is escaped, a missing name is an error.

    Compiling the templates takes longer than rendering them; a changed file is still read again.
    """
    environment = _Sandbox(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_show,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["line"] = clean_line
    environment.filters["segments"] = split_code
    environment.filters["label"] = lambda measure: measure_label(*measure.split("/", 1))
    environment.filters["anchor"] = _anchor
    environment.tests["present"] = lambda value: not isinstance(value, Absent)
    return environment


def load_templates(folder: Path) -> None:
    """Compile all templates below the folder of reports, so that rendering need not wait for that."""
    environment = open_environment(folder / "html")
    for name in environment.list_templates():
        environment.get_template(name)


def _encode(pieces: Iterable[str]) -> Iterator[bytes]:
    waiting: list[str] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size > CHUNK_CHARACTERS:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()


def _show(value: object) -> object:
    """Make what a browser would not show visible, in everything that a template puts out; line ends stay."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return "\n".join(clean_line(line, len(line)) for line in value.split("\n"))


def split_code(text: str) -> tuple[tuple[bool, str], ...]:
    """Return the parts of a text with whether each is code: what stands between backticks."""
    return tuple((index % 2 == 1, part) for index, part in enumerate(text.split("`")) if part)


def _anchor(name: str) -> str:
    """Return an id for a link: letters and digits of the name, and a digest where that is not all of it."""
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", name)[:60]
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _examined(principles: Iterable[PrincipleLine]) -> tuple[PrincipleLine, ...]:
    return tuple(line for line in principles if line.counts.passed + line.counts.failed + line.counts.errors)


def _measures_by_state(summary: Summary) -> dict[str, tuple[MeasureLine, ...]]:
    """Return the measures of all frameworks by what can be said of them; not verifiable is a state of its own."""
    states = ("gaps", "no_gaps", "not_examined", "not_verifiable")
    found: dict[str, list[MeasureLine]] = {state: [] for state in states}
    for line in summary.measures:
        found[line.state.value if line.verifiable else "not_verifiable"].append(line)
    return {state: tuple(lines) for state, lines in found.items()}
