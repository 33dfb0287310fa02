"""Strict YAML: one document of mappings, lists and scalars, every value with its place, every error of a file at once.

Works on the parser's events: there an anchor, a tag or a quote is still visible, and nesting costs no C stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import yaml

from hardening.documents.places import Data, Document, Mark, Position, located, place_at
from hardening.documents.scalars import BareWordError, Dialect, read_bare
from hardening.documents.text import find_unfit, read_text
from hardening.errors import ContentError
from hardening.model.place import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DEPTH_LIMIT = 40

# libyaml reads eight times as fast; the loader in Python reads the same language where a platform lacks it.
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_SYNTAX_REMEDIES = {
    "mapping values are not allowed": "put text that holds a colon in quotes",
    "cannot start any token": "put the text in quotes",
    "could not find expected ':'": "check that the key is followed by a colon and a space",
    "did not find expected key": "check the indentation, and the quotes of the line above",
    "did not find expected '-' indicator": "check the indentation",
    "expected <block end>": "check the indentation",
    "unexpected end of stream": "close the quote",
    "expected ',' or": "close the bracket, or put the text in quotes",
}


def load_document(path: Path, dialect: Dialect, *, file: str = "") -> Document:
    """Read and parse one file, called ``file`` in problems (the path itself when empty).

    Raises ``ContentError`` with all of its problems.
    """
    name = file or str(path)
    return parse_document(read_text(path, name), name, dialect)


def parse_document(text: str, file: str, dialect: Dialect) -> Document:
    """Parse the text of one file; raises ``ContentError`` with all of its problems."""
    problems = list(find_unfit(text, file))
    if problems:
        raise ContentError(problems)
    reader = _Reader(text, file, dialect)
    try:
        data, mark = reader.read()
    except yaml.MarkedYAMLError as error:
        raise ContentError([*reader.problems, _syntax_problem(error, file)]) from error
    except _TooDeepError as error:
        raise ContentError([*reader.problems, Problem(place_at(file, error.position), str(error))]) from error
    if reader.problems:
        raise ContentError(reader.problems)
    return Document(file, data, mark)


class _TooDeepError(Exception):
    """Nesting beyond the limit begins at ``position``; nothing after it is read."""

    def __init__(self, position: Position | None) -> None:
        self.position = position
        super().__init__(f"there are more than {DEPTH_LIMIT} levels")


class _Reader:
    """Builds data and marks from one stream of events, and collects what is refused on the way."""

    def __init__(self, text: str, file: str, dialect: Dialect) -> None:
        self.problems: list[Problem] = []
        # Not yaml.parse(): its generator costs a third more an event.
        self._next = cast("Callable[[], yaml.Event]", _LOADER(text).get_event)
        self._file = file
        self._dialect = dialect

    def read(self) -> tuple[Data, Mark]:
        """Return the only document."""
        self._next()
        start = self._next()
        if not isinstance(start, yaml.DocumentStartEvent):
            self.problems.append(Problem(Place(self._file), "the file is empty"))
            return "", Mark(None, None, _NO_CHILDREN)
        if start.version or start.tags:
            self._refuse(start, "there is a YAML directive", "remove the line that begins with %")
        node = self._next()
        result = self._value(node, node, 0)
        self._next()
        after = self._next()
        if isinstance(after, yaml.DocumentStartEvent):
            self._refuse(after, "a second document begins here", "put it in a file of its own")
        return result

    def _value(self, event: yaml.Event, key: yaml.Event, depth: int) -> tuple[Data, Mark]:
        """Return what begins with ``event``; ``key`` is the event of its key, or itself where it has none."""
        data: Data
        children: dict[str, Mark] | list[Mark]
        if isinstance(event, yaml.ScalarEvent):
            data, children = self._scalar(event), _NO_CHILDREN
        elif depth > DEPTH_LIMIT:
            raise _TooDeepError(event.start_mark)
        elif isinstance(event, yaml.MappingStartEvent):
            self._refuse_properties(event)
            data, children = self._mapping(depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._refuse_properties(event)
            data, children = self._sequence(depth)
        else:
            self._refuse(event, "there is an alias (*)", "write the value out")
            data, children = "", _NO_CHILDREN
        return data, Mark(event.start_mark, key.start_mark, children)

    def _mapping(self, depth: int) -> tuple[dict[str, Data], dict[str, Mark]]:
        data: dict[str, Data] = {}
        marks: dict[str, Mark] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event, depth)
            value, mark = self._value(self._next(), event, depth + 1)
            if key in data:
                first = place_at(self._file, marks[key].key).line
                self._refuse(event, f'the key "{key}" stands twice, first in line {first}', "keep one of them")
            else:
                data[key] = value
                marks[key] = mark
        return data, marks

    def _key(self, event: yaml.Event, depth: int) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._value(event, event, depth + 1)
            self._refuse(event, "a key must be text")
            return ""
        if not event.style and event.value == "<<":
            self._refuse(event, "there is a merge key (<<)", "write the keys out")
            return "<<"
        key = self._scalar(event)
        if not isinstance(key, str):
            self._refuse(event, "a key must be text", f'write "{event.value}"')
        return event.value

    def _sequence(self, depth: int) -> tuple[list[Data], list[Mark]]:
        data: list[Data] = []
        marks: list[Mark] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            value, mark = self._value(event, event, depth + 1)
            data.append(value)
            marks.append(mark)
        return data, marks

    def _scalar(self, event: yaml.ScalarEvent) -> str | int | bool:
        self._refuse_properties(event)
        if event.style:
            if "\0" in event.value:
                self._refuse(event, "there is a null character in this text", "remove it")
            return event.value
        if self._dialect is not Dialect.CONTENT:
            return event.value
        try:
            return read_bare(event.value)
        except BareWordError as error:
            self._refuse(event, str(error), error.remedy)
            return event.value

    def _refuse_properties(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor:
            self._refuse(event, f"there is an anchor (&{event.anchor})", "write the value out where it is used")
        if event.tag and self._dialect is not Dialect.FOREIGN:
            self._refuse(event, f"there is a tag ({event.tag})", "remove it, and put text in quotes")

    def _refuse(self, event: yaml.Event, what: str, remedy: str = "") -> None:
        self.problems.append(located(place_at(self._file, event.start_mark), what, remedy))


_NO_CHILDREN: list[Mark] = []


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    what = error.problem or "this is no YAML"
    if "nesting depth" in what:  # libyaml has a limit of its own, which it may meet first, since it reads ahead
        what = str(_TooDeepError(None))
    remedies = (remedy for part, remedy in _SYNTAX_REMEDIES.items() if part in what)
    return located(place_at(file, error.problem_mark), what, next(remedies, ""))
