"""An earlier scan, seen again: from its JSON report as it stands, or from its snapshots judged anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening import __version__
from hardening.app.attestations import load_attestations
from hardening.app.earlier import find_scan
from hardening.app.estimates import describe_estimates, load_site_content
from hardening.app.evaluate import EvaluateRequest, assess, open_snapshots
from hardening.app.parameters import SiteParameters
from hardening.app.waivers import load_waivers
from hardening.report.stored import load_report

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.app.site import Site
    from hardening.app.state import State
    from hardening.report.values import Report


def read_reference(scan: str, state: State, site: Site) -> Report:
    """Return the report of the scan that SCAN names; raises ``UsageError`` or ``SnapshotError``."""
    return read_report(find_scan(scan, state), site)


def read_report(scan: Path, site: Site) -> Report:
    """Return the report of an earlier scan; raises ``SnapshotError`` if it cannot be read."""
    if scan.is_file() and not scan.name.endswith(".gz"):
        return load_report(scan)
    content = load_site_content(site)
    request = EvaluateRequest(
        parameters=SiteParameters(site.settings.parameters, (), content),
        waivers=load_waivers(site, content),
        attestations=load_attestations(site, content),
        options=describe_estimates(site.settings),
    )
    return assess(open_snapshots([scan]), request, content, tool_version=__version__).report
