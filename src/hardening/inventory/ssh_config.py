"""The part of ssh_config(5) that says where a host is and who we are there. Nothing that runs a program is read.

Read are Host, Match all, Include, HostName, Port, User, IdentityFile, CertificateFile, ProxyJump and
UserKnownHostsFile, by the rules of OpenSSH: the first value wins. Everything else is passed over; where that would have
changed the way to a host (ProxyCommand, other kinds of Match), a warning says so.
"""

from __future__ import annotations

import glob
import logging
import re
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.documents.text import find_shared
from hardening.errors import ContentError
from hardening.inventory.ssh_lines import ConfigLine, parse_lines
from hardening.model.place import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LOG = logging.getLogger(__name__)
_LARGEST = 10_000_000
_LAST_PORT = 65_535
_DEEPEST = 16
_NONE = "none"
_WHERE = ("hostname", "port", "user", "proxyjump", "userknownhostsfile")
_PROOFS = ("identityfile", "certificatefile")
_TOKEN = re.compile(r"%(.?)")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Whose configuration it is: home folder, name and environment of the account that scans."""

    home: Path
    user: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SshSettings:
    """What a configuration says about a host; empty and 0 are not said.

    ``jump`` is as ProxyJump has it. ``known_hosts`` are the files of UserKnownHostsFile; `none` is no file at all, and
    not the same as nothing said.
    """

    address: str
    port: int = 0
    user: str = ""
    jump: str = ""
    keys: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    known_hosts: tuple[str, ...] = ()


class SshConfig:
    """One configuration file with those that it includes; each is read once, when it is first needed."""

    def __init__(self, path: Path, surroundings: Surroundings) -> None:
        self._path = path
        self._around = surroundings
        self._files: dict[Path, tuple[ConfigLine, ...]] = {}
        self._warned: set[str] = set()

    def look_up(self, alias: str, *, user: str = "", port: int = 0) -> SshSettings:
        """Return what is said about a host under the name that a person uses; ``user`` and ``port`` win if given.

        Raises ``ContentError`` for a file that is invalid, or that others may write.
        """
        search = _Search(alias)
        self._search(self._path, search)
        values = search.values
        said_port = port or _read_port(values.get("port"))
        said_user = user or self._expand(values.get("user"), {})
        tokens = {"%": "%", "h": alias}
        address = self._expand(values.get("hostname"), tokens) or alias
        tokens |= {"h": address, "n": alias, "p": str(said_port or 22), "r": said_user or self._around.user}
        jump = self._expand(values.get("proxyjump"), tokens)
        tokens |= {"u": self._around.user, "d": str(self._around.home)}
        return SshSettings(
            address=address,
            port=said_port,
            user=said_user,
            jump="" if jump.lower() == _NONE else jump,
            keys=tuple(self._paths(search.proofs["identityfile"], tokens)),
            certificates=tuple(self._paths(search.proofs["certificatefile"], tokens)),
            known_hosts=tuple(self._paths([values["userknownhostsfile"]], tokens, drop_none=False))
            if "userknownhostsfile" in values
            else (),
        )

    def _search(self, path: Path, search: _Search, chain: tuple[Path, ...] = ()) -> None:
        """Take in what a file says; what it includes counts where it is included."""
        if path in chain or len(chain) == _DEEPEST:
            self._say(f"{path}: the files include each other: {' → '.join(map(str, (*chain, path)))}; cut there")
            return
        block = _Block.ACTIVE
        for line in self._load(path):
            match line.keyword:
                case "host":
                    block = _Block.ACTIVE if _is_host(line.arguments, search.alias) else _Block.PASSED_OVER
                case "match":
                    block = _judge_match(line.arguments, search.alias)
                case "include" if block is _Block.ACTIVE:
                    for found in self._included(line):
                        self._search(found, search, (*chain, path))
                case _:
                    self._take(line, search, block)

    def _take(self, line: ConfigLine, search: _Search, block: _Block) -> None:
        is_read = line.keyword in {*_WHERE, *_PROOFS}
        if block is _Block.ACTIVE and is_read:
            search.take(line)
        elif block is _Block.UNDECIDED and is_read:
            what = f"this kind of Match is not read, so {line.keyword} for {search.alias} may be missing; use Host"
            self._warn(line, what)
        elif block is _Block.ACTIVE and _is_program(line) and "proxyjump" not in search.values:
            self._warn(line, f"ProxyCommand is not run for {search.alias}; use ProxyJump")

    def _load(self, path: Path) -> tuple[ConfigLine, ...]:
        if path not in self._files:
            self._files[path] = self._read(path)
        return self._files[path]

    def _read(self, path: Path) -> tuple[ConfigLine, ...]:
        try:
            with path.open("rb") as stream:
                text = stream.read(_LARGEST).decode("utf-8", "surrogateescape")
            shared = find_shared([path])
        except OSError as error:
            reason = error.strerror or "it cannot be read"
            raise ContentError([Problem(Place(str(path)), f"cannot be read: {reason}", "correct the path")]) from error
        if shared:
            raise ContentError(shared)
        return parse_lines(text, str(path))

    def _included(self, line: ConfigLine) -> Iterator[Path]:
        for argument in line.arguments:
            pattern = self._fill(argument, line.place)
            # By the rules: what is not absolute counts from ~/.ssh, whoever includes it.
            base = _with_home(pattern, self._around.home)
            for name in sorted(glob.glob(str(self._around.home / ".ssh" / base))):  # noqa: PTH207 - pathlib knows no absolute patterns
                if Path(name).is_file():
                    yield Path(name)

    def _paths(self, lines: list[ConfigLine], tokens: Mapping[str, str], *, drop_none: bool = True) -> Iterator[str]:
        for line in lines:
            for argument in line.arguments:
                if argument.lower() == _NONE:
                    if not drop_none:
                        yield _NONE
                    continue
                text = self._expand_text(argument, tokens, line)
                if text:
                    yield str(_with_home(self._fill(text, line.place), self._around.home))

    def _expand(self, line: ConfigLine | None, tokens: Mapping[str, str]) -> str:
        return self._expand_text(line.arguments[0], tokens, line) if line else ""

    def _expand_text(self, text: str, tokens: Mapping[str, str], line: ConfigLine) -> str:
        """Return a value with its tokens replaced; one that cannot be is left out, with a warning."""
        unknown = [found for found in _TOKEN.findall(text) if found not in tokens]
        if unknown:
            self._warn(line, f"%{unknown[0]} is not known here; {text} is left out")
            return ""
        return _TOKEN.sub(lambda found: tokens[found[1]], text)

    def _fill(self, text: str, place: Place) -> str:
        def value(found: re.Match[str]) -> str:
            if found[1] not in self._around.environ:
                raise ContentError([Problem(place, f"the variable {found[1]} is not set", "set it, or write the path")])
            return self._around.environ[found[1]]

        return _VARIABLE.sub(value, text)

    def _warn(self, line: ConfigLine, what: str) -> None:
        self._say(f"{line.place.file}:{line.place.line}: {what}")

    def _say(self, words: str) -> None:
        if words not in self._warned:
            self._warned.add(words)
            _LOG.warning("%s", words)


class _Block(Enum):
    """Whether the lines of a block count for the host at hand."""

    ACTIVE = auto()
    PASSED_OVER = auto()
    UNDECIDED = auto()


class _Search:
    """What was found about one host so far: the first line of each keyword, and all lines of those that add up."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.values: dict[str, ConfigLine] = {}
        self.proofs: dict[str, list[ConfigLine]] = {name: [] for name in _PROOFS}

    def take(self, line: ConfigLine) -> None:
        if line.keyword in self.proofs:
            self.proofs[line.keyword].append(line)
        else:
            self.values.setdefault(line.keyword, line)


def _read_port(line: ConfigLine | None) -> int:
    if line is None:
        return 0
    text = line.arguments[0]
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) <= _LAST_PORT:
        raise ContentError([Problem(line.place, f'"{text}" is no port', "write a number from 1 to 65535")])
    return int(text)


def _is_host(patterns: tuple[str, ...], alias: str) -> bool:
    """Whether a Host line is about a host: a pattern fits, and none fits that is negated."""
    fitting = [pattern for pattern in patterns if _fits(pattern.removeprefix("!"), alias)]
    return bool(fitting) and not any(pattern.startswith("!") for pattern in fitting)


def _is_program(line: ConfigLine) -> bool:
    return line.keyword == "proxycommand" and line.arguments[0].lower() != _NONE


def _judge_match(arguments: tuple[str, ...], alias: str) -> _Block:
    """Return whether a Match block counts: only `all` is read, and only names tell that another one does not."""
    if [argument.lower() for argument in arguments] == ["all"]:
        return _Block.ACTIVE
    words = iter(arguments)
    for word in words:
        if word.lower() in {"host", "originalhost"} and not _is_host(tuple(next(words, "").split(",")), alias):
            return _Block.PASSED_OVER
    return _Block.UNDECIDED


def _fits(pattern: str, alias: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, alias, re.DOTALL) is not None


def _with_home(text: str, home: Path) -> Path:
    """Return a path in which a leading tilde is our own home folder."""
    return home / text.removeprefix("~").lstrip("/") if text == "~" or text.startswith("~/") else Path(text)
