"""How daemons read one line: the dialects ``words``, ``equals``, ``ini``, ``auditd`` and ``systemd``.

``words`` follows login.defs(5), ``equals`` the parser that pwquality.conf(5), faillock.conf(5) and pwhistory.conf(5)
share, ``systemd`` follows systemd.syntax(7). ``ini`` is sections with ``key = value``.
``auditd`` follows auditd.conf(5): words divided by blanks, of which the second is ``=``, and no case in what they say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.probes.shell import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NumberedLines = list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Assignment:
    """One key set in one line; continued lines count as the last of them."""

    line: int
    section: str
    key: str
    value: str


_WORDS = re.compile(r"([^\s#]\S*)(?:\s+|$)(.*)")
_EQUALS = re.compile(r"([^\s=]+)(?:\s*=\s*|\s+|$)(.*)")
_NAME_AND_SIGN = 2
_SPACE = " \t\r\n\f\v"


def _read_words(lines: NumberedLines) -> Iterator[Assignment]:
    for number, line in lines:
        match = _WORDS.fullmatch(line.strip(_SPACE))
        if match is not None:
            yield Assignment(number, "", match[1], _unquote(match[2]))


def _read_equals(lines: NumberedLines) -> Iterator[Assignment]:
    for number, line in lines:
        match = _EQUALS.fullmatch(line.partition("#")[0].strip(_SPACE))
        if match is not None:
            yield Assignment(number, "", match[1], match[2])


def _read_auditd(lines: NumberedLines) -> Iterator[Assignment]:
    """Read a line without its own ``=`` as a key without value: auditd refuses the whole file for it."""
    for number, line in lines:
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        key, _, rest = words[0].partition("=")
        has_value = not rest and words[1:2] == ["="] and len(words) > _NAME_AND_SIGN
        value = " ".join((words[_NAME_AND_SIGN].lower(), *words[_NAME_AND_SIGN + 1 :])) if has_value else ""
        yield Assignment(number, "", key, value)


def _read_ini(lines: NumberedLines) -> Iterator[Assignment]:
    section = ""
    for number, line in lines:
        text = line.strip(_SPACE)
        if text.startswith("[") and text.endswith("]"):
            section = text[1:-1].strip(_SPACE)
        elif text and text[0] not in "#;[":
            key, _, value = text.partition("=")
            yield Assignment(number, section, key.strip(_SPACE), value.strip(_SPACE))


def _read_systemd(lines: NumberedLines) -> Iterator[Assignment]:
    """Read without comment lines, which may stand between continued lines.

    A broken section header ends the file; lines in front of the first section and lines that are not UTF-8 do not
    count.
    """
    section = ""
    for number, line in _join_continued(lines):
        text = line.strip(_SPACE)
        if text.startswith("["):
            if not text.endswith("]"):
                return
            section = text[1:-1]
        elif section and "=" in text and clean(text) == text:
            key, _, value = text.partition("=")
            yield Assignment(number, section, key.strip(_SPACE), value.strip(_SPACE))


def _join_continued(lines: NumberedLines) -> Iterator[tuple[int, str]]:
    pending = ""
    number = 0
    for number, line in lines:
        if line.strip(_SPACE)[:1] in {"#", ";"}:
            continue
        joined = pending + line
        if (len(joined) - len(joined.rstrip("\\"))) % 2:
            pending = joined[:-1] + " "
        else:
            pending = ""
            yield number, joined
    if pending:
        yield number, pending


def _unquote(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


READERS: dict[str, Callable[[NumberedLines], Iterator[Assignment]]] = {
    "words": _read_words,
    "equals": _read_equals,
    "ini": _read_ini,
    "auditd": _read_auditd,
    "systemd": _read_systemd,
}


def select(assignments: Sequence[Assignment], key: str, section: str, *, ignore_case: bool) -> list[Assignment]:
    """Return the assignments of one key in one section."""
    if ignore_case:
        wanted = (section.lower(), key.lower())
        return [found for found in assignments if (found.section.lower(), found.key.lower()) == wanted]
    return [found for found in assignments if (found.section, found.key) == (section, key)]
