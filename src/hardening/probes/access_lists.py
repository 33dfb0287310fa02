"""Which files have a POSIX access list, as the ls of GNU marks them; that of busybox marks none.

With such a list the bits of the group are the most that it gives to anybody whom it names, so that nothing can be said
of a file by its group alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, FieldSpec, FieldType, Known, Unreadable
from hardening.probes.shell import CUT

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMAND = "ls -LldnU --quoting-style=c --"
"""What is asked of files, behind ``SEPARATOR``; names are quoted, so that each file is one line."""

SEPARATOR = r"printf '\0'"
"""What stands between the answer of stat and that of ls: no name holds a zero byte."""

END = "echo =end"
"""What closes the answer of ls, which may be empty."""

ACL = FieldSpec(
    FieldType.BOOLEAN, "whether an access list names others; then the rights of the group may be theirs as well"
)

_LINE = re.compile(r'[-bcdlps][-rwxsStT]{9}([+.@ ]) *\d+ +\d+ +\d+ .* "((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_LETTERS = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_NOT_TOLD = Unreadable("the target's ls does not tell")
_OTHERS_TOO = "an access list may give the rights of the group to others: see getfacl"


class Marks:
    """What ls put behind the mode of each file; ``text`` is all that it said, with its end."""

    def __init__(self, text: str) -> None:
        found = (_LINE.fullmatch(line) for line in text.split("\n"))
        self._marks: Mapping[str, str] = {_unquote(match[2]): match[1] for match in found if match is not None}
        self._is_whole = text.endswith("=end\n")

    def add_to(self, evidence: Evidence, path: str, place: str = "") -> Evidence:
        """Return the evidence of a file with its field ``acl``; its group is unreadable where that says little."""
        mark = self._marks.get(path, "")
        if mark == "+":
            unclear = Unreadable(_OTHERS_TOO, place)
            return {**evidence, "acl": Known(value=True, place=place), "group": unclear, "gid": unclear}
        if mark:
            return {**evidence, "acl": Known(value=False, place=place)}
        if self._is_whole:
            return {**evidence, "acl": _NOT_TOLD}
        # What is missing may have told of a list.
        lost = Unreadable(CUT)
        return {**evidence, "acl": lost, "group": lost, "gid": lost}


def _unquote(text: str) -> str:
    raw = _ESCAPE.sub(_unescape, text)
    return raw.encode("latin-1", "replace").decode("utf-8", "surrogateescape")


def _unescape(match: re.Match[str]) -> str:
    letter = match[1]
    return chr(int(letter, 8) & 0xFF) if letter.isdigit() else chr(_LETTERS.get(letter, ord(letter)))
