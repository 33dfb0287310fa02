"""Who can become administrator of the lab's domains, by which steps; and that nobody can in the clean one."""

from __future__ import annotations

from hardening.model.evidence import Evidence, Known, Record
from hardening.model.probe import Probe
from hardening.probes import KINDS
from tests.lab.directory.conftest import StartDirectory
from tests.lab.directory.servers import Directory
from tests.lab.directory.sessions import ask, endpoint

SEEDED = {
    "Authenticated Users (S-1-5-11)": "enrols KommuneBruker, certifies kommune",
    "asrep": "write_dacl AdminSDHolder",
    "flyttet": "replicates kommune",
    'Hansen\\, \\"Kari\\" \\<b\\>\u202eirak': "writes Admin Stier, member_of Domeneadministratorer",
    "alt": "everything Admin Stier, member_of Domeneadministratorer",
    "eier": "owns Drift Stier, member_of Domeneadministratorer",
    "rettighet": "write_dacl Admin Stier, member_of Domeneadministratorer",
    "overtaker": "write_owner Admin Stier, member_of Domeneadministratorer",
    "passord": "resets_password Admin Stier, member_of Domeneadministratorer",
    "melder": "adds_members Drift Stier, member_of Domeneadministratorer",
    "hjelper": "member_of Brukerstotte indre, member_of Brukerstotte ytre, everything Admin Stier, "
    "member_of Domeneadministratorer",
    "ouansvarlig": "write_dacl Stier, contains Admin Stier, member_of Domeneadministratorer",
    "policyredigerer": "edits_policy {6AC1786C-016F-11D2-945F-00C04FB984F9}, linked_to Domain Controllers, "
    "applies_to DC-01",
    "lenker": "links_policy Domain Controllers, applies_to DC-01",
    "malendrer": "changes_template KommuneBruker, certifies kommune",
    "deaktivert": "everything Admin Stier, member_of Domeneadministratorer",
}
"""The first name of each account that can become administrator of the seeded domain, and its steps."""


def _evidence(domain: Directory) -> Evidence:
    probe = Probe.build("ad_control", {})
    steps = KINDS["ad_control"].steps((probe,))
    answers = ask(endpoint(domain), *steps)  # type: ignore[arg-type] # searches, as the kind asks no shell
    return KINDS["ad_control"].parse((probe,), answers)[probe]


def _records(evidence: Evidence) -> tuple[Record, ...]:
    field = evidence["paths"]
    assert isinstance(field, Known), field
    return field.value  # type: ignore[return-value] # records


def _texts(record: Record, name: str) -> tuple[str, ...]:
    field = record[name]
    assert isinstance(field, Known)
    return field.value if isinstance(field.value, tuple) else (str(field.value),)  # type: ignore[return-value] # texts


def _first_name(dn: str) -> str:
    return dn.replace("\\,", "\0").partition(",")[0].replace("\0", "\\,").partition("=")[2] or dn


def test_every_seeded_way_is_found_and_no_other(directory: StartDirectory) -> None:
    found = {
        _first_name(_texts(record, "account")[0]): ", ".join(
            f"{edge} {_first_name(dn)}"
            for edge, dn in zip(_texts(record, "edges"), _texts(record, "objects"), strict=True)
        )
        for record in _records(_evidence(directory("dc-seeded")))
    }
    assert found == SEEDED


def test_nobody_becomes_administrator_of_a_clean_domain(directory: StartDirectory) -> None:
    assert _records(_evidence(directory("dc-clean"))) == ()
