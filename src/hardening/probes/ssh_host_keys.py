"""Host keys of the SSH server, by their public halves in /etc/ssh. Builtins only; private keys are never opened."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Partial,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import Answer, ShellStep, Step
from hardening.probes.kind import ProbeKind
from hardening.probes.shell import CUT, clean, completed, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

_STEP = "ssh_host_keys"

KEY: Mapping[str, FieldSpec] = {
    "path": FieldSpec(FieldType.TEXT, "file of the public half"),
    "type": FieldSpec(FieldType.TEXT, "type as the file names it, such as ssh-ed25519"),
    "bits": FieldSpec(FieldType.INTEGER, "length of the key"),
}
FIELDS: Mapping[str, FieldSpec] = {
    "keys": FieldSpec(FieldType.RECORDS, "one record for each key", record=KEY),
    "types": FieldSpec(FieldType.TEXTS, "types of all keys"),
}

# A private half without a public one is told, so that it is not overlooked.
_SCRIPT = r"""
if [ -d /etc/ssh ] && { [ ! -r /etc/ssh ] || [ ! -x /etc/ssh ]; }; then printf '=refused /etc/ssh\n'; fi
for f in /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub; do
  case $f in *'
'*) continue ;; esac
  case $f in
    *.pub)
      if [ ! -e "$f" ]; then continue; fi
      type= key=
      if [ -f "$f" ] && [ -r "$f" ]; then
        read -r type key rest <"$f" || :
        printf '=key %s %s %s\n' "${type:-none}" "${key:-none}" "$f"
      else
        printf '=refused %s\n' "$f"
      fi
      ;;
    *)
      if [ -e "$f" ] && [ ! -e "$f.pub" ]; then printf '=alone %s\n' "$f"; fi
      ;;
  esac
done
printf '=end\n'
""".lstrip("\n")

_LINE = re.compile(r"=key (\S+) (\S+) (/.*)")
_FIXED = {
    "ssh-ed25519": 256,
    "sk-ssh-ed25519@openssh.com": 256,
    "ecdsa-sha2-nistp256": 256,
    "ecdsa-sha2-nistp384": 384,
    "ecdsa-sha2-nistp521": 521,
}
# Which number of the key is its length: an RSA key is e, n; a DSA key is p, q, g, y.
_LENGTHS = {"ssh-rsa": 1, "ssh-dss": 0}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name=_STEP, script=_SCRIPT),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, answer.reason))
    lines = clean(answer.text).split("\n")
    if answer.cut or "=end" not in lines:
        reason = CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete"
        return dict.fromkeys(probes, build_unreadable(FIELDS, reason))
    keys = tuple(_build(match) for match in map(_LINE.fullmatch, lines) if match)
    types = tuple(dict.fromkeys(match[1] for match in map(_LINE.fullmatch, lines) if match))
    lost = next((_explain(line) for line in lines if line.startswith(("=refused ", "=alone "))), "")
    evidence: Evidence = {
        "keys": Partial(keys, lost) if lost else Known(keys, "/etc/ssh"),
        "types": Partial(types, lost) if lost else Known(types, "/etc/ssh"),
    }
    return dict.fromkeys(probes, evidence)


def _explain(line: str) -> str:
    word, _, path = line.partition(" ")
    return f"{path}: may not be read" if word == "=refused" else f"{path}: its public half is not there"


def _build(match: re.Match[str]) -> Record:
    return {"path": Known(match[3]), "type": Known(match[1], match[3]), "bits": _measure(match[1], match[2], match[3])}


def _measure(kind: str, key: str, path: str) -> Field:
    if kind in _FIXED:
        return Known(_FIXED[kind], path)
    try:
        parts = _split(base64.b64decode(key, validate=True))
    except (binascii.Error, ValueError):
        parts = []
    at = _LENGTHS.get(kind, len(parts)) + 1
    if at < len(parts) and parts[0] == kind.encode():
        return Known(int.from_bytes(parts[at], "big").bit_length(), path)
    return Unreadable("the key is not understood", path)


def _split(blob: bytes) -> list[bytes]:
    """Return the parts of a key, each with its length in four bytes in front of it (RFC 4251)."""
    parts = []
    while blob:
        length = int.from_bytes(blob[:4], "big")
        parts.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return parts


KIND = ProbeKind(
    name="ssh_host_keys",
    summary="host keys of the SSH server: types and lengths",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
