r"""Files that the target's own shell finds for paths and patterns, and what was refused on the way to them.

The script prints records that end in a zero byte, in front of whatever a step prints next: ``<letter><index>:<name>``,
where ``index`` is the number of the source. The last record is ``=``. It takes builtins only.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from hardening.probes.shell import quote, quote_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_WILD = re.compile(r"[*?\[]")
_RECORD = re.compile(r"([cdfhlour])([0-9]{1,9}):(.*)", re.DOTALL)


class Seen(StrEnum):
    """What stands at a path, links followed; ``HIDDEN`` is a link to nothing that we can see, but root might."""

    FILE = "f"
    UNREADABLE = "u"
    DIRECTORY = "d"
    CHARACTER_DEVICE = "c"
    OTHER = "o"
    DANGLING = "l"
    HIDDEN = "h"


@dataclass(frozen=True, slots=True)
class Source:
    """A path, or a pattern that the shell expands."""

    text: str
    pattern: bool = False

    @property
    def words(self) -> str:
        """The source as shell words."""
        return quote_pattern(self.text) if self.pattern else quote(self.text)


@dataclass(frozen=True, slots=True)
class Entry:
    """A path that exists and what it is."""

    name: str
    seen: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What was found and refused, by source; ``rest`` is the text after the listing.

    ``complete`` is false when the last record is missing.
    """

    entries: Mapping[Source, tuple[Entry, ...]]
    refused: Mapping[Source, tuple[str, ...]]
    rest: str
    complete: bool


# For whoever is not root, a link that leads nowhere may lead to where we must not look.
# A file whose name would be mistaken in the lines of grep counts as "other", which is never read.
_FUNCTIONS = r"""look() {
case $2 in
*:*|*'
'*) [ -e "$2" ] && seen=o || seen= ;;
*) seen= ;;
esac
if [ "$seen" ]; then :
elif [ -f "$2" ]; then if [ -r "$2" ]; then seen=f; else seen=u; fi
elif [ -d "$2" ]; then seen=d
elif [ -c "$2" ]; then seen=c
elif [ -e "$2" ]; then seen=o
elif [ -L "$2" ]; then if [ -O / ]; then seen=l; else seen=h; fi
else return 0
fi
printf '%s\0' "$seen$1:$2"
}
way() {
need=$1 index=$2
shift 2
for f do
if [ -d "$f" ]; then
if [ ! -x "$f" ]; then printf '%s\0' "r$index:$f"
elif [ "$need" = rx ] && [ ! -r "$f" ]; then printf '%s\0' "r$index:$f"
fi
fi
done
}
"""


def build_listing(sources: Sequence[Source], *, each: str = "") -> str:
    """Return shell lines that list ``sources``; ``each`` runs for each one, with ``$f`` and ``$seen`` set."""
    lines = [_FUNCTIONS]
    for index, source in enumerate(sources):
        lines += [f"way {need} {index} {Source(text, pattern).words}" for need, text, pattern in _ways(source)]
        lines.append(f'for f in {source.words}; do look {index} "$f"{each}; done')
    lines.append(r"printf '=\0'")
    return "\n".join(lines) + "\n"


def parse_listing(text: str, sources: Sequence[Source]) -> Listing:
    """Read back what ``build_listing`` printed; never raises."""
    head, found, rest = f"\0{text}".partition("\0=\0")
    entries: dict[Source, list[Entry]] = defaultdict(list)
    refused: dict[Source, list[str]] = defaultdict(list)
    for record in head[1:].split("\0"):
        match = _RECORD.fullmatch(record)
        if match is None or int(match[2]) >= len(sources):
            continue
        source = sources[int(match[2])]
        if match[1] == "r":
            refused[source].append(match[3])
        else:
            entries[source].append(Entry(match[3], Seen(match[1])))
    return Listing(
        entries={source: tuple(found) for source, found in entries.items()},
        refused={source: tuple(dict.fromkeys(names)) for source, names in refused.items()},
        rest=rest,
        complete=bool(found),
    )


def parse_numbered_lines(text: str, names: Iterable[str]) -> dict[str, list[tuple[int, str]]]:
    """Read ``name:number:line`` as ``grep -n`` prints it for several files; names hold no colon (see ``look``)."""
    lines: dict[str, dict[int, str]] = {name: {} for name in names}
    for line in text.split("\n"):
        name, _, numbered = line.partition(":")
        number, colon, content = numbered.partition(":")
        if name in lines and colon and number.isascii() and number.isdigit():
            # A file that several sources have found was read as often.
            lines[name].setdefault(int(number[:9]), content)
    return {name: list(found.items()) for name, found in lines.items()}


def _ways(source: Source) -> list[tuple[str, str, bool]]:
    """Return the folders on the way: what each must grant (``x``, or ``rx`` where names are matched), as patterns."""
    parts = source.text.split("/")[1:]
    ways = []
    for depth in range(len(parts)):
        folder = "/" + "/".join(parts[:depth])
        wild = source.pattern and _WILD.search(parts[depth]) is not None
        ways.append(("rx" if wild else "x", folder, source.pattern and _WILD.search(folder) is not None))
    return ways
