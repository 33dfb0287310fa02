"""Canonical form and digests of content: the same data gives the same digest, however it is laid out."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardening.documents.places import Data


def digest_data(data: Data) -> str:
    """Return the SHA-256 of the canonical form of a file's data, in hexadecimal."""
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
