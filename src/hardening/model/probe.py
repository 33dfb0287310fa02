"""A question: its kind and parameters. Equal probes are asked once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ProbeValue = str | int | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class Probe:
    """A question that can be hashed; ``parameters`` are sorted by name."""

    kind: str
    parameters: tuple[tuple[str, ProbeValue], ...] = ()

    @classmethod
    def build(cls, kind: str, parameters: Mapping[str, ProbeValue]) -> Probe:
        """Return the probe with its parameters in canonical order."""
        return cls(kind, tuple(sorted(parameters.items())))

    @property
    def key(self) -> str:
        """The canonical JSON text that names this probe in a snapshot."""
        return json.dumps({"kind": self.kind, **dict(self.parameters)}, sort_keys=True, ensure_ascii=True)

    def parameter(self, name: str) -> ProbeValue:
        """Return one parameter; raises ``KeyError`` if the probe does not have it."""
        return dict(self.parameters)[name]

    def text(self, name: str) -> str:
        """Return one parameter that is text; raises ``KeyError`` or ``TypeError``."""
        value = self.parameter(name)
        if not isinstance(value, str):
            msg = f"parameter {name} of {self.kind} is not text"
            raise TypeError(msg)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return one parameter that is a list of text; raises ``KeyError`` or ``TypeError``."""
        value = self.parameter(name)
        if not isinstance(value, tuple):
            msg = f"parameter {name} of {self.kind} is not a list"
            raise TypeError(msg)
        return value
