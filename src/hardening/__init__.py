"""An agentless hardening scanner: ask servers read-only questions, judge the answers offline, report the gaps."""

from __future__ import annotations

__version__ = "0.1.0"
