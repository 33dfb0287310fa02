"""One file for the auditor: an archive of which every byte follows from the files in it."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from hardening.seal.manifest import digest
from hardening.seal.verify import SUMS

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST = 2_000_000_000
_FOLDER = "evidence/"


def pack_bundle(files: Mapping[str, bytes]) -> bytes:
    """Return the archive of some files with the list of their digests."""
    sums = "".join(f"{digest(data)}  {name}\n" for name, data in sorted(files.items()))
    return _pack({**files, SUMS: sums.encode()})


def unpack_bundle(data: bytes) -> tuple[dict[str, bytes], bool]:
    """Return the files of an archive, and whether its every byte is as we write it; raises ``ValueError``."""
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is not None:
                    files[member.name.removeprefix(_FOLDER)] = stream.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        msg = f"no bundle, or damaged ({error})"
        raise ValueError(msg) from error
    return files, _pack(files) == data


def _pack(files: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in sorted(files.items()):
            member = tarfile.TarInfo(_FOLDER + name)
            member.size, member.mode = len(data), 0o600
            archive.addfile(member, io.BytesIO(data))
    return target.getvalue()
