"""How rsyslog reads its configuration: objects over several lines, legacy directives, selectors and their actions.

Follows the states of rsyslog's own lexer: inside an object, inside an expression, and everything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_SPACE = re.compile(r"\s+")
_LINE_COMMENT = re.compile(r"#[^\n]*")
_BLOCK_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_OBJECT = re.compile(
    r"(main_queue|timezone|parser|global|template|ruleset|property|constant|input|module|lookup_table|dyn_stats"
    r"|percentile_stats|ratelimit|include|action)\s*\(",
    re.IGNORECASE,
)
_EXPRESSION = re.compile(r"(if|foreach|set|reset|unset|call_indirect)\b", re.IGNORECASE)
_EXPRESSION_END = re.compile(r"\bthen\b|\bdo\b|;", re.IGNORECASE)
_CALL = re.compile(r"call\s+([A-Za-z][A-Za-z0-9_.-]*)", re.IGNORECASE)
_DIRECTIVE = re.compile(r"\$([A-Za-z]+)([^\n]*)")
_PROPERTY_FILTER = re.compile(r':\$?[a-z-]+ *, *!?[a-z]+ *, *"(?:\\"|[^"])*"', re.IGNORECASE)
_SELECTOR = re.compile(r"[*a-z]+[0-7]*[.,][,!=;.*a-z0-7]+", re.IGNORECASE)
_LEGACY = re.compile(r"-/[^*\n][^\n]*|/[^*\n][^\n]*|:[a-z0-9]+:[^\n]*|[|.\-@^?~>][^\n]*", re.IGNORECASE)
_WORD = re.compile(r"[^\s{}&]+")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|`((?:[^`\\]|\\.)*)`', re.DOTALL)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that the configuration says.

    ``word`` is the kind of object, ``$directive``, ``legacy``, ``call``, ``{`` or ``}``; ``text`` is what stands behind
    it; ``values`` are an object's, by lower-case name.
    """

    word: str
    place: str
    text: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def value(self, *names: str) -> str:
        """Return the first value that one of the names has, or nothing."""
        return next((self.values[name][0] for name in names if self.values.get(name)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigText:
    """A file as one text; comments were left out, so ``numbers`` gives the line in the file for each line here."""

    name: str
    text: str
    numbers: tuple[int, ...]

    def place(self, position: int) -> str:
        """Return file:line of a position."""
        index = self.text.count("\n", 0, position)
        return f"{self.name}:{self.numbers[index]}" if index < len(self.numbers) else self.name


def read_statements(
    file: ConfigText, include: Callable[[str], list[ConfigText]], depth: int = 0
) -> Iterator[Statement]:
    """Walk through a file and what it includes, in the order in which rsyslog meets it."""
    position = 0
    text = file.text
    while position < len(text):
        skipped = (
            _SPACE.match(text, position) or _LINE_COMMENT.match(text, position) or _BLOCK_COMMENT.match(text, position)
        )
        if skipped:
            position = skipped.end()
            continue
        statement, position = _read_one(file, position)
        pattern = _included(statement)
        if pattern and depth < _DEPTH:
            for other in include(pattern):
                yield from read_statements(other, include, depth + 1)
        yield statement


def _included(statement: Statement) -> str:
    if statement.word == "include":
        return statement.value("file")
    return statement.text if statement.word == "$includeconfig" else ""


def _read_one(file: ConfigText, position: int) -> tuple[Statement, int]:
    text, place = file.text, file.place(position)
    if text[position] in "{}&":
        return Statement(text[position], place), position + 1
    if found := _OBJECT.match(text, position):
        values, end = _read_object(text, found.end())
        return Statement(found[1].lower(), place, values=values), end
    if found := _EXPRESSION.match(text, position):
        return Statement("expression", place), _skip_expression(text, found.end())
    if found := _CALL.match(text, position):
        return Statement("call", place, found[1]), found.end()
    if found := _DIRECTIVE.match(text, position):
        words = found[2].partition("#")[0].split()
        return Statement(f"${found[1].lower()}", place, words[0] if words else ""), found.end()
    if found := _PROPERTY_FILTER.match(text, position) or _SELECTOR.match(text, position):
        return Statement("selector", place, found.group()), found.end()
    if found := _LEGACY.match(text, position):
        return Statement("legacy", place, found.group().strip()), found.end()
    found = _WORD.match(text, position)
    return Statement("word", place), found.end() if found else position + 1


def _read_object(text: str, position: int) -> tuple[dict[str, tuple[str, ...]], int]:
    """Read ``name="value"`` pairs up to the closing bracket; a value may be a list of strings."""
    values: dict[str, list[str]] = {}
    name = ""
    while position < len(text):
        if text[position] == ")":
            return {key: tuple(items) for key, items in values.items()}, position + 1
        if comment := _LINE_COMMENT.match(text, position) or _BLOCK_COMMENT.match(text, position):
            position = comment.end()
        elif string := _STRING.match(text, position):
            content = next(group for group in string.groups() if group is not None)
            if name:
                values.setdefault(name, []).append(_ESCAPE.sub(r"\1", content))
            position = string.end()
        elif word := _NAME.match(text, position):
            name = word.group().lower()
            position = word.end()
        else:
            position += 1
    return {key: tuple(items) for key, items in values.items()}, position


def _skip_expression(text: str, position: int) -> int:
    while position < len(text):
        if found := _STRING.match(text, position) or _BLOCK_COMMENT.match(text, position):
            position = found.end()
        elif found := _EXPRESSION_END.match(text, position):
            return found.end()
        else:
            word = _NAME.match(text, position)
            position = word.end() if word else position + 1
    return position
