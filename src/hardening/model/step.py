"""Self-contained, read-only pieces of work on a target, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Privilege(StrEnum):
    """What a step needs to see everything; without it some answers are unreadable."""

    ANY = "any"
    ROOT = "root"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellStep:
    """Lines of POSIX shell that only read.

    ``output_limit`` is in bytes of standard output. ``unbounded`` marks output that no small number bounds:
    it is cut on the target itself. ``slow`` steps run last. Merged from many probes, and named once in a plan.
    """

    name: str
    script: str
    privilege: Privilege = Privilege.ANY
    output_limit: int = 1_000_000
    unbounded: bool = False
    slow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerShellStep:
    """The body of a PowerShell script block that only reads, in ASCII; what it puts out becomes one JSON array.

    Enums are written as integers, times as text in UTC, SIDs and GUIDs as text. An error that the block does not catch
    ends the block: ``Completed`` with exit status 1, no output, and on standard error a JSON object with ``type``,
    ``hresult``, ``id`` and ``message``. Else the status is 0. ``output_limit`` is in characters of JSON: items
    beyond it are left out on the target itself, and the answer is cut.

    ``writes`` says what the programs that it calls are forced to write: ``$folder`` is then the path of a fresh folder
    below the account's own temporary folder, made before the block and removed after it. Otherwise it is ``""``.
    """

    name: str
    script: str
    output_limit: int = 1_000_000
    writes: str = ""
    slow: bool = False


class LdapScope(StrEnum):
    """How far below its base a search looks."""

    BASE = "base"
    ONE = "one"
    SUBTREE = "subtree"


class LdapIdentity(StrEnum):
    """As whom a search is sent: as the account that logged in, or as nobody over a connection of its own."""

    OWN = "own"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapStep:
    """One search in a directory.

    ``base`` may be ``{default_nc}``, ``{config_nc}``, ``{schema_nc}`` or ``{root_nc}``, alone or at the end of a name:
    they stand for what the root DSE says. Values of an attribute that come in ranges are fetched to their end.
    ``sd_flags`` asks for these parts of security descriptors (1 owner, 2 group, 4 DACL, 8 SACL); 0 asks for none.
    ``output_limit`` is in bytes of the entries kept.
    """

    name: str
    base: str
    scope: LdapScope
    filter: str
    attributes: tuple[str, ...]
    sd_flags: int = 0
    identity: LdapIdentity = LdapIdentity.OWN
    page_size: int = 1000
    entry_limit: int = 200_000
    output_limit: int = 200_000_000
    slow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapBindStep:
    """One simple bind over plain LDAP, with an account that does not exist and a password made up for it.

    Its result tells whether the server demands signing or encryption. No secret of anybody's is sent.
    """

    name: str
    slow: bool = False


class TlsVersion(StrEnum):
    """A version of TLS that a server may speak."""

    TLS_1_0 = "TLSv1"
    TLS_1_1 = "TLSv1.1"
    TLS_1_2 = "TLSv1.2"
    TLS_1_3 = "TLSv1.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapTlsStep:
    """One TLS handshake with a directory that offers this version alone, on a connection of its own.

    Nothing is sent but the wish for TLS. Its result is 0 where the server agreed, 91 where it did not.
    """

    name: str
    version: TlsVersion
    slow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapNtlmStep:
    """One NTLM login over TLS that is not bound to it, with an account that does not exist and made-up answers.

    A server that demands the binding says so before it looks at the account. No secret of anybody's is sent.
    """

    name: str
    slow: bool = False


DirectoryStep = LdapStep | LdapBindStep | LdapTlsStep | LdapNtlmStep
Step = ShellStep | PowerShellStep | DirectoryStep


def needs_root(step: Step) -> bool:
    """Say whether a step needs root rights to see everything; a directory and Windows know no such rights."""
    return isinstance(step, ShellStep) and step.privilege is Privilege.ROOT


def select_shell_steps(steps: Iterable[Step]) -> tuple[ShellStep, ...]:
    """Return those of some steps that a shell runs."""
    return tuple(step for step in steps if isinstance(step, ShellStep))


def select_powershell_steps(steps: Iterable[Step]) -> tuple[PowerShellStep, ...]:
    """Return those of some steps that PowerShell runs."""
    return tuple(step for step in steps if isinstance(step, PowerShellStep))


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A step that ran to its end marker. ``cut`` means that output is missing; times are in milliseconds."""

    exit_status: int
    stdout: bytes
    stderr: bytes = b""
    milliseconds: int = 0
    cut: bool = False
    as_root: bool = False

    @property
    def text(self) -> str:
        """Standard output as text; bytes that are not UTF-8 survive as surrogates."""
        return self.stdout.decode("utf-8", "surrogateescape")

    @property
    def error_text(self) -> str:
        """Standard error as text; bytes that are not UTF-8 survive as surrogates."""
        return self.stderr.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class LdapEntry:
    """One object of a directory; attributes by their name in small letters, with values as they came."""

    dn: str
    attributes: Mapping[str, tuple[bytes, ...]]

    def values(self, attribute: str) -> tuple[bytes, ...]:
        """Return the values of an attribute; none where it is not there, or not shown to us."""
        return self.attributes.get(attribute.lower(), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapAnswer:
    """What a directory said to a step: entries, and its result code with the words that came with it.

    ``cut`` means that entries are missing, and says why: a limit of the server or ours; empty otherwise.
    """

    entries: tuple[LdapEntry, ...] = ()
    result: int = 0
    message: str = ""
    cut: str = ""
    milliseconds: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class NotRun:
    """A step without its end marker, or without the end of its answer, and why."""

    reason: str


Answer = Completed | LdapAnswer | NotRun
