"""Time to read a security descriptor of 50 entries: `python -m benchmarks.security_descriptors`; below 0.5 ms."""

from __future__ import annotations

import statistics
import sys
import time

from hardening.model.security_descriptor import parse_descriptor
from tests.model.test_security_descriptor import build_descriptor, build_entry

_ROUNDS = 2000
_RIGHT = "00299570-246d-11d0-a768-00aa006e0529"
_CLASS = "bf967aba-0de6-11d0-a285-00aa003049e2"


def main() -> None:
    """Print the median of many readings, each entry with a trustee of its own."""
    entries = [build_entry(5, 0, 0x100, f"S-1-5-21-1-2-3-{2000 + n}", _RIGHT, _CLASS) for n in range(25)]
    entries += [build_entry(0, 0, 0xF01FF, f"S-1-5-21-1-2-3-{3000 + n}") for n in range(25)]
    data, took = build_descriptor(*entries), []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        parse_descriptor(data)
        took.append(time.perf_counter() - start)
    sys.stdout.write(f"50 entries: {statistics.median(took) * 1000:.3f} ms\n")


if __name__ == "__main__":
    main()
