"""What a kind of question is: its parameters, its typed fields, its steps and its parser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hardening.model.evidence import Evidence, FieldSpec
from hardening.model.probe import Probe
from hardening.model.step import Answer, Step


class Channel(StrEnum):
    """Through what a kind is answered: a shell or PowerShell on the target, a directory, or the session itself."""

    SHELL = "shell"
    POWERSHELL = "powershell"
    LDAP = "ldap"
    SESSION = "session"


class ProbeParameterType(StrEnum):
    """The types that a probe parameter can have; ``path`` is absolute, ``pattern`` is an absolute path with globs."""

    TEXT = "text"
    TEXTS = "texts"
    PATH = "path"
    PATHS = "paths"
    INTEGER = "integer"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeParameter:
    """A parameter of a probe kind. ``default`` is ``None`` only where ``required``.

    ``pattern`` is a regular expression that the whole text must match; ``choices`` closes a ``choice``.
    """

    type: ProbeParameterType
    description: str
    required: bool = True
    default: str | int | tuple[str, ...] = ""
    pattern: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeKind:
    """A kind of question.

    ``steps`` merges all probes of the kind into as few steps as it can. ``parse`` answers every probe it is given
    from the answers by step name; a step that did not run or was cut makes its probes Unreadable or Partial.
    """

    name: str
    summary: str
    parameters: Mapping[str, ProbeParameter] = field(default_factory=dict)
    fields: Mapping[str, FieldSpec]
    channel: Channel = Channel.SHELL
    steps: Callable[[Sequence[Probe]], tuple[Step, ...]]
    parse: Callable[[Sequence[Probe], Mapping[str, Answer]], Mapping[Probe, Evidence]]


ENDPOINT = "endpoint"
"""The parameter by which a kind that sessions answer says which of a target's sessions is meant."""


def channel_needed(kind: ProbeKind, probe: Probe) -> Channel:
    """Return through what kind of endpoint a probe is answered: a shell, PowerShell or a directory."""
    if kind.channel is Channel.SESSION:
        return Channel(str(dict(probe.parameters).get(ENDPOINT, Channel.SHELL.value)))
    return kind.channel
