"""Reports of the lab in one command: `python -m tests.lab.report FOLDER`; a Linux pair and a Samba domain.

A hardened and a weak server are booted, a domain controller with seeded gaps is started, all three are scanned by the
real command, and its summary (PDF), list of work (HTML) and evidence (JSON) are written. The lab ends with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.lab import packages
from tests.lab.cache import cache_folder
from tests.lab.catalogue import PASSWORD
from tests.lab.commands import LabError
from tests.lab.directory.conftest import PACKAGES
from tests.lab.directory.servers import Directory, prepare, start_directory, stop_directory
from tests.lab.lab import Lab, build_materials, open_lab

DIRECTORY = "dc-seeded"
USUAL = (0, 3, 10)
SITE = """\
name: Eksempel kommune
marking: Unntatt offentlighet, jf. offentleglova § 24 tredje ledd
"""
ATTESTATIONS = """\
attestations:
  - measure: "2.9.3"
    answer: partly
    statement: Gjenoppretting av fagsystemene er øvd; e-posten gjenstår.
    person: Kari Nordmann, IT-leder
    evidence: Sak 26/1234, referat fra øvelsen
    date: 2026-03-12
    expires: 2099-12-31
"""


def write_inventory(lab: Lab, directory: Directory) -> str:
    """Return the inventory of the three targets."""
    servers = "".join(
        f"""\
  - name: {name}
    ssh:
      address: {lab.host(name).address}
      port: {lab.host(name).port}
      user: audit
      become: sudo
      known_hosts: {lab.known_hosts}
    credential: audit-key
    labels: {{exposure: {exposure}}}
    baselines: ["linux-server:extended"]
"""
        for name, exposure in (("hardened", "internet"), ("weak", "internal"))
    )
    return f"""\
credentials:
  audit-key: {{key: {lab.user_key}, password: "env:LAB_PASSWORD", sudo_password: "env:LAB_PASSWORD"}}
  audit-domain: {{password: "env:LAB_DOMAIN_PASSWORD"}}
targets:
{servers}  - name: {directory.name}
    ldap: {{address: {directory.address}, user: "{directory.admin}", security: ldaps, ca_file: {directory.ca_file}}}
    credential: audit-domain
    baselines: [active-directory]
"""


def scan(lab: Lab, directory: Directory, folder: Path) -> int:
    """Write the site folder and the reports into a folder; return the exit status of the scan."""
    site = folder / "site"
    site.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {
        "inventory.yaml": write_inventory(lab, directory),
        "site.yaml": SITE,
        "attestations.yaml": ATTESTATIONS,
    }
    for name, text in files.items():
        (site / name).write_text(text, encoding="utf-8")
        (site / name).chmod(0o600)
    outputs = ("pdf:summary=summary.pdf", "html:actions=actions.html", "json=evidence.json")
    words = [word for output in outputs for word in ("-o", output.replace("=", f"={folder}/", 1))]
    environment = {
        **os.environ,
        "LAB_PASSWORD": PASSWORD,
        "LAB_DOMAIN_PASSWORD": directory.passwords[directory.admin],
        "STATE_DIRECTORY": str(folder / "state"),
    }
    command = [str(Path(sys.executable).with_name("hardening")), "scan", "--site", str(site), "--lang", "nb", *words]
    return subprocess.run(command, env=environment, check=False).returncode


def main(folder: Path) -> int:
    """Start what is to be scanned, scan it, and end it; return 0 if reports were written."""
    packages.install(PACKAGES)
    cache = cache_folder(os.environ)
    prepare(cache)
    with open_lab(build_materials(os.environ)) as lab:
        directory = start_directory(lab, DIRECTORY, cache)
        try:
            status = scan(lab, directory, folder)
        finally:
            stop_directory(lab, DIRECTORY)
    return 0 if status in USUAL else status


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "out").absolute()))
    except LabError as error:
        sys.exit(str(error))
