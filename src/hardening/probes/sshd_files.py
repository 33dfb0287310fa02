"""sshd's configuration files, read by its own rules: what holds for a connection, and where that is written.

For each keyword the first value wins, that of a matching Match block before that of the global section; lists of
users, groups, ports and such add up. Defaults are not known here. See sshd_config(5).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Field, Known, Unreadable
from hardening.probes.sshd_keywords import KEYWORDS, OLD_NAMES, STARTUPS, parse_startups, parse_written
from hardening.probes.sshd_match import Connection, Meets, meets_criteria

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LAST_WINS_IN_OLD = frozenset({"fingerprinthash", "ipqos", "maxstartups", "streamlocalbindmask"})
"""Up to some version the last value of these wins, since then the first, as for all others."""

_FILES = "the configuration files"
_NOT_SET = "set in no file, and only sshd itself knows its default"
_UNCERTAIN = "only sshd itself knows whether the Match block applies"
_DEPENDS = "set more than once, and versions of sshd differ in which line counts"

_KEYWORD = re.compile(r'[ \t\r]*"?([^ \t\r"=]+)"?[ \t\r]*=?[ \t\r]*(.*)', re.DOTALL)
_ARGUMENT = re.compile(r"""(?:[^ \t\r"'#][^ \t\r"']*|"[^"]*"|'[^']*')+""")
_QUOTES = re.compile(r"""["']""")


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchLine:
    """A Match line; ``around`` are the Match lines that hold where its file is included."""

    arguments: tuple[str, ...]
    place: str
    around: tuple[MatchLine, ...] = ()

    @property
    def label(self) -> str:
        """The line as a person would write it."""
        return " ".join(("Match", *self.arguments))

    def is_met_by(self, connection: Connection) -> Meets:
        """Say whether the connection meets this line and those around it."""
        verdicts = {meets_criteria(connection, line.arguments) for line in (*self.around, self)}
        if Meets.NO in verdicts:
            return Meets.NO
        return Meets.UNKNOWN if Meets.UNKNOWN in verdicts else Meets.YES


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One line that sets a keyword, in the global section or under the last of the Match lines."""

    keyword: str
    arguments: tuple[str, ...]
    rest: str
    place: str
    under: tuple[MatchLine, ...] = ()


@dataclass(slots=True)
class ConfigFiles:
    """All lines in the order in which sshd reads them. ``gaps`` says what could not be read."""

    settings: list[Setting] = field(default_factory=list)
    matches: list[MatchLine] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    _opened: bool = False
    _open: list[tuple[str, tuple[MatchLine, ...], tuple[MatchLine, ...]]] = field(default_factory=list)

    @property
    def is_read(self) -> bool:
        """Say whether any file was opened at all."""
        return self._opened

    def open_file(self, path: str) -> None:
        """Go on with a file that the line before includes."""
        self._opened = True
        under = self._open[-1][2] if self._open else ()
        self._open.append((path, under, under))

    def close_file(self) -> None:
        """Go back to the file that included this one; its Match lines end here."""
        if self._open:
            self._open.pop()

    def add_line(self, number: str, text: str) -> None:
        """Take one line that is neither empty nor a comment."""
        parts = _KEYWORD.fullmatch(text)
        if parts is None or not self._open:
            return
        path, around, under = self._open[-1]
        keyword, rest = parts[1].lower(), parts[2].rstrip(" \t\r\f")
        arguments = _split_arguments(rest)
        place = f"{path}:{number}"
        if keyword == "match":
            line = MatchLine(arguments=arguments, place=place, around=around)
            self.matches.append(line)
            self._open[-1] = (path, around, (*around, line))
        elif keyword != "include":
            name = OLD_NAMES.get(keyword, keyword)
            self.settings.append(Setting(keyword=name, arguments=arguments, rest=rest, place=place, under=under))

    def resolve(self, connection: Connection) -> Mapping[str, Field]:
        """Return the fields of all keywords that the files decide for a connection; the others are unreadable."""
        chosen = self._choose(connection)
        fields = {name: _read_field(name, chosen.get(name, [])) for name in KEYWORDS}
        return {**fields, **_read_startups(chosen.get("maxstartups", []))}

    def find_places(self, connection: Connection) -> Mapping[str, str]:
        """Return where the effective value of each keyword is written, for those that the files set."""
        return {
            name: ", ".join(dict.fromkeys(setting.place for setting, _ in _effective(name, settings)))
            for name, settings in self._choose(connection).items()
            if not _depends_on_version(name, settings)
        }

    def _choose(self, connection: Connection) -> Mapping[str, list[tuple[Setting, Meets]]]:
        """Return by keyword the settings that apply or may apply: those of Match blocks, else the global ones."""
        matched: dict[str, list[tuple[Setting, Meets]]] = defaultdict(list)
        everywhere: dict[str, list[tuple[Setting, Meets]]] = defaultdict(list)
        verdicts: dict[MatchLine, Meets] = {}
        for setting in self.settings:
            if not setting.under:
                everywhere[setting.keyword].append((setting, Meets.YES))
                continue
            line = setting.under[-1]
            if line not in verdicts:
                verdicts[line] = line.is_met_by(connection)
            if verdicts[line] is not Meets.NO:
                matched[setting.keyword].append((setting, verdicts[line]))
        return {**everywhere, **matched}


def _effective(name: str, settings: Sequence[tuple[Setting, Meets]]) -> Sequence[tuple[Setting, Meets]]:
    accumulates = name in KEYWORDS and KEYWORDS[name].accumulates
    return settings if accumulates else settings[:1]


def _depends_on_version(name: str, settings: Sequence[tuple[Setting, Meets]]) -> bool:
    return name in _LAST_WINS_IN_OLD and len({setting.arguments for setting, _ in settings}) > 1


def _read_field(name: str, settings: Sequence[tuple[Setting, Meets]]) -> Field:
    keyword = KEYWORDS[name]
    if not settings:
        if keyword.is_empty_by_default:
            return Absent(_FILES)
        return Unreadable(_NOT_SET, _FILES)
    effective = _effective(name, settings)
    place = ", ".join(dict.fromkeys(setting.place for setting, _ in effective))
    if _depends_on_version(name, settings):
        return Unreadable(_DEPENDS, place)
    if any(meets is Meets.UNKNOWN for _, meets in effective):
        return Unreadable(_UNCERTAIN, place)
    fields = [parse_written(name, setting.arguments, setting.rest, place) for setting, _ in effective]
    if not keyword.accumulates:
        return fields[0]
    items = tuple(item for part in fields if isinstance(part, Known) for item in _texts(part))
    unreadable = next((part for part in fields if isinstance(part, Unreadable)), None)
    return unreadable or Known(items, place)


def _read_startups(settings: Sequence[tuple[Setting, Meets]]) -> Mapping[str, Field]:
    if not settings:
        return dict.fromkeys(STARTUPS, Unreadable(_NOT_SET, _FILES))
    if _depends_on_version("maxstartups", settings):
        return dict.fromkeys(STARTUPS, Unreadable(_DEPENDS, settings[0][0].place))
    if settings[0][1] is not Meets.YES:
        return dict.fromkeys(STARTUPS, Unreadable(_UNCERTAIN, settings[0][0].place))
    setting = settings[0][0]
    return parse_startups(setting.arguments[0] if setting.arguments else "", setting.place)


def _texts(known: Known) -> tuple[str, ...]:
    return tuple(str(item) for item in known.value) if isinstance(known.value, tuple) else (str(known.value),)


def _split_arguments(rest: str) -> tuple[str, ...]:
    """Return the arguments without their quotes, up to a comment."""
    arguments: list[str] = []
    position = 0
    while position < len(rest):
        if rest[position] in " \t\r\f":
            position += 1
            continue
        found = _ARGUMENT.match(rest, position)
        if found is None:
            break
        arguments.append(_QUOTES.sub("", found[0]))
        position = found.end()
    return tuple(arguments)
