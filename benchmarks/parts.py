"""Runs one `hardening scan` and prints how its time is spent, as one line of JSON on standard error.

`python benchmarks/parts.py START scan ssh://…`: START is the wall clock when the caller started this program.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections import defaultdict
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

USED = (
    *("hardening.cli.scan", "hardening.app.scan", "hardening.app.state", "hardening.cli.judging"),
    *("hardening.cli.progress", "hardening.cli.reaching", "hardening.cli.surroundings"),
    *("hardening.transports.ssh", "hardening.report.html_report"),
)
TIMED = {
    "load content": ("hardening.cli.reaching", "load_site_content"),
    "connect": ("hardening.app.collect", "open_session"),
    "judge": ("hardening.app.scan", "assess"),
    "report": ("hardening.cli.judging", "deliver"),
}
BATCHES = ("hardening.transports.ssh", "SshSession", "run")


class Clock:
    """Adds up the seconds of each part, and notes when the last answer was in."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.first = 0.0
        self.last = 0.0

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the call with its time added to a part."""

        @wraps(call)
        def run(*values: object, **named: object) -> object:
            began = time.perf_counter()
            if part == "connect":
                self.first = began
            try:
                return call(*values, **named)
            finally:
                self.last = time.perf_counter() if part == "batches" else self.last
                self.seconds[part] += time.perf_counter() - began

        return run


def main(started: float, arguments: list[str]) -> int:
    """Run the command line with its parts timed."""
    for name in USED:
        importlib.import_module(name)
    clock = Clock()
    for part, (module, function) in TIMED.items():
        place = importlib.import_module(module)
        setattr(place, function, clock.timed(part, getattr(place, function)))
    session = getattr(importlib.import_module(BATCHES[0]), BATCHES[1])
    setattr(session, BATCHES[2], clock.timed("batches", getattr(session, BATCHES[2])))
    clock.seconds["start-up"] = time.time() - started
    from hardening.cli import invoke  # noqa: PLC0415 - counted as start-up
    from hardening.secrets import Redactor  # noqa: PLC0415 - counted as start-up

    began = time.perf_counter()
    status = invoke(arguments, Redactor())
    inside = sum(clock.seconds.values()) - clock.seconds["start-up"]
    clock.seconds["rest"] = time.perf_counter() - began - inside
    parts = {**clock.seconds, "connect to last byte": clock.last - clock.first}
    print(json.dumps({"status": status, "parts": parts}), file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
