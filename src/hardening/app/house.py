"""A site's house style: its name, its marking and its logo, read once and made part of every report."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from hardening.errors import UsageError
from hardening.model.evidence import Absent
from hardening.report.format import House

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.inventory.load import SiteSettings

LARGEST_LOGO = 200_000
_SIGNS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"<svg", "image/svg+xml"),
    (b"<?xml", "image/svg+xml"),
)


def build_house(settings: SiteSettings) -> House:
    """Return what a site puts on its reports; raises ``UsageError`` if its logo cannot be used."""
    logo = "" if isinstance(settings.logo, Absent) else read_logo(settings.logo)
    return House(marking=settings.marking, name=settings.name, logo=logo)


def read_logo(path: Path) -> str:
    """Return an image as a data address; raises ``UsageError`` if it is missing, too large or of another kind."""
    try:
        data = path.read_bytes()
    except OSError as error:
        msg = f"{path}: the logo cannot be read ({error.strerror or error}); mend `logo:` in site.yaml"
        raise UsageError(msg) from error
    if len(data) > LARGEST_LOGO:
        msg = f"{path}: the logo is larger than {LARGEST_LOGO // 1000} kB; make it smaller"
        raise UsageError(msg)
    for sign, kind in _SIGNS:
        if data.startswith(sign):
            return f"data:{kind};base64,{base64.b64encode(data).decode()}"
    msg = f"{path}: the logo is neither PNG, JPEG nor SVG; give one of these"
    raise UsageError(msg)
