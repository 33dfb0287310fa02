"""References to secrets, resolved late, and the means to keep them out of everything that is written."""

from __future__ import annotations

from hardening.secrets.redaction import Redactor
from hardening.secrets.reference import SecretResolver, is_reference, resolve_secret
from hardening.secrets.secret import Secret

__all__ = ["Redactor", "Secret", "SecretResolver", "is_reference", "resolve_secret"]
