"""Security descriptors of a whole domain, held against Samba's own reading; and who holds dangerous rights."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hardening.model.evidence import Known
from hardening.model.probe import Probe
from hardening.model.security_descriptor import SecurityDescriptor, parse_descriptor, render_sddl
from hardening.model.step import LdapScope
from hardening.probes import KINDS
from tests.lab.directory.conftest import StartDirectory
from tests.lab.directory.servers import Directory
from tests.lab.directory.sessions import ask, endpoint, everything, found

_COMPARE = """
import sys
from samba.dcerpc import security
from samba.ndr import ndr_unpack
sid, count = security.dom_sid("S-1-5-21-1-2-3"), 0
for line in sys.stdin:
    data, ours = line.rstrip("\\n").split("\\t")
    theirs = ndr_unpack(security.descriptor, bytes.fromhex(data)).as_sddl(sid).partition("S:")[0]
    read = security.descriptor.from_sddl(ours, sid).as_sddl(sid)
    if theirs != read:
        sys.exit(f"{theirs}\\n{read}")
    count += 1
print(count)
"""


def test_every_descriptor_reads_as_samba_reads_it(directory: StartDirectory, tmp_path: Path) -> None:
    domain = directory("dc-seeded")
    steps = [
        everything(base, base=base, attributes=("nTSecurityDescriptor",), sd_flags=7, scope=LdapScope.SUBTREE)
        for base in ("{default_nc}", "{config_nc}")
    ]
    lines = []
    for answer in ask(endpoint(domain, domain.admin), *steps).values():
        for entry in found(answer).entries:
            (data,) = entry.values("nTSecurityDescriptor")
            seen = parse_descriptor(data)
            assert isinstance(seen, SecurityDescriptor), entry.dn
            lines.append(f"{data.hex()}\t{render_sddl(seen)}")
    (tmp_path / "descriptors").write_text("\n".join(lines) + "\n")
    with (tmp_path / "descriptors").open() as descriptors:
        done = subprocess.run(
            ["/usr/bin/python3", "-c", _COMPARE], stdin=descriptors, capture_output=True, text=True, check=False
        )
    assert (done.stderr[-2000:], done.stdout.strip()) == ("", str(len(lines)))
    assert len(lines) > 3000


def _rights(domain: Directory) -> set[tuple[str, str, str]]:
    probe = Probe.build("ad_rights", {})
    steps = KINDS["ad_rights"].steps((probe,))
    answers = ask(endpoint(domain), *steps)  # type: ignore[arg-type] # searches, as the kind asks no shell
    field = KINDS["ad_rights"].parse((probe,), answers)[probe]["rights"]
    assert isinstance(field, Known), field
    names = ("trustee", "right", "object")
    return {
        tuple(str(record[name].value).partition(",")[0] for name in names)  # type: ignore[union-attr,index,misc] # records
        for record in field.value  # type: ignore[union-attr] # records
        if record["sid"].value != "S-1-5-32-548"  # type: ignore[union-attr,index] # Samba runs no SDProp
    }


def test_every_seeded_right_is_found(directory: StartDirectory) -> None:
    assert _rights(directory("dc-seeded")) >= {
        ("CN=flyttet", "replicate", "DC=kommune"),
        ("CN=asrep", "everything", "OU=Svak"),
        ("CN=asrep", "write_dacl", "CN=AdminSDHolder"),
        ("CN=asrep", "write_owner", "CN=AdminSDHolder"),
    }


def test_a_clean_domain_has_none(directory: StartDirectory) -> None:
    assert _rights(directory("dc-clean")) == set()
