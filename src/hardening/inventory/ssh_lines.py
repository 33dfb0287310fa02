"""The lines of an ssh_config(5) file: a keyword, an equals sign or space, and arguments that may be quoted."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hardening.errors import ContentError
from hardening.model.place import Place, Problem

_LINE = re.compile(r"\s*(?P<keyword>[^\s=\"]+)(?:\s*=\s*|\s+)(?P<rest>.*?)\s*", re.DOTALL)
_QUOTES = "'\""
_SPACES = " \t\r\f"


@dataclass(frozen=True, slots=True)
class ConfigLine:
    """One line; the keyword is in lower case, and there is at least one argument."""

    keyword: str
    arguments: tuple[str, ...]
    place: Place


def parse_lines(text: str, file: str) -> tuple[ConfigLine, ...]:
    """Return the lines that say something; raises ``ContentError`` with every line that cannot be read."""
    lines, problems = [], []
    for number, raw in enumerate(text.split("\n"), start=1):
        stripped = raw.strip()
        if not stripped or stripped.startswith("#"):
            continue
        place = Place(file, number, 1)
        found = _LINE.fullmatch(raw)
        try:
            arguments = split_arguments(found["rest"]) if found else ()
        except ValueError as error:
            problems.append(Problem(place, str(error), "close the quotation mark"))
            continue
        if found is None or not arguments:
            problems.append(
                Problem(place, "a keyword without a value", "write the value behind it, or remove the line")
            )
            continue
        lines.append(ConfigLine(found["keyword"].lower(), arguments, place))
    if problems:
        raise ContentError(problems)
    return tuple(lines)


def split_arguments(text: str) -> tuple[str, ...]:
    """Return the arguments in a text; a comment ends them. Raises ``ValueError`` for a quotation that does not end."""
    arguments, position = [], 0
    while position < len(text):
        if text[position] in _SPACES:
            position += 1
        elif text[position] == "#":
            break
        else:
            argument, position = _read_argument(text, position)
            arguments.append(argument)
    return tuple(arguments)


def _read_argument(text: str, position: int) -> tuple[str, int]:
    """Return the argument that begins at a position, and where it ends."""
    read, quote = "", ""
    while position < len(text):
        character, following = text[position], text[position + 1 : position + 2]
        if character == "\\" and following and (following in "\\'\"" or (following == " " and not quote)):
            read += following
            position += 1
        elif quote and character == quote:
            quote = ""
        elif not quote and character in _QUOTES:
            quote = character
        elif not quote and character in _SPACES:
            break
        else:
            read += character
        position += 1
    if quote:
        msg = "a quotation does not end"
        raise ValueError(msg)
    return read, position
