"""Going through JSON text value by value, so that a long list is never held as values all at once."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.report.codec import JsonData

_SPACE = re.compile(r"[ \t\r\n]*")


class Cursor:
    """A place in JSON text; everything raises ``ValueError`` where the text is not JSON."""

    def __init__(self, text: str, position: int = 0) -> None:
        self._text = text
        self.position = position

    def read_value(self) -> JsonData:
        """Return the value that stands here and go behind it."""
        self._skip_space()
        value, self.position = _DECODER.raw_decode(self._text, self.position)
        read: JsonData = value
        return read

    def walk_members(self) -> Iterator[str]:
        """Yield the name of each member of the object that begins here; the caller goes behind its value."""
        self._require("{")
        if self._take("}"):
            return
        while True:
            name = self.read_value()
            if not isinstance(name, str):
                msg = f"a member at character {self.position} has no name"
                raise ValueError(msg)  # noqa: TRY004 - it is about text, not about a caller's type
            self._require(":")
            yield name
            if not self._take(","):
                break
        self._require("}")

    def walk_items(self) -> Iterator[JsonData]:
        """Yield each item of the list that begins here; afterwards the place is behind the list."""
        self._require("[")
        if self._take("]"):
            return
        while True:
            yield self.read_value()
            if not self._take(","):
                break
        self._require("]")

    def require_end(self) -> None:
        """Raise ``ValueError`` if anything but space is left."""
        self._skip_space()
        if self.position != len(self._text):
            msg = f"something stands behind the end, at character {self.position}"
            raise ValueError(msg)

    def _skip_space(self) -> None:
        if found := _SPACE.match(self._text, self.position):
            self.position = found.end()

    def _take(self, character: str) -> bool:
        self._skip_space()
        taken = self._text.startswith(character, self.position)
        self.position += taken
        return taken

    def _require(self, character: str) -> None:
        if not self._take(character):
            msg = f"{character!r} expected at character {self.position}"
            raise ValueError(msg)


def _build_object(members: list[tuple[str, JsonData]]) -> dict[str, JsonData]:
    built = dict(members)
    if len(built) != len(members):
        msg = "a member stands twice in one object"
        raise ValueError(msg)
    return built


def _refuse_constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON number"
    raise ValueError(msg)


_DECODER = json.JSONDecoder(object_pairs_hook=_build_object, parse_constant=_refuse_constant)
