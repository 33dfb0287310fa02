"""A Samba domain controller: provisioned once and kept, seeded once for each set of seeds, copied for each start.

Seeding runs as a program of its own with the Python that Samba brings its modules for: `samba_seed.py`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.lab.cache import build_once
from tests.lab.commands import run

HERE: Final = Path("/run/hardening-dc")
"""Where a controller finds its files: a mount of its own, because its configuration holds whole paths."""

SEEDS: Final = Path(__file__).with_name("seeds")
SEEDER: Final = Path(__file__).with_name("samba_seed.py")
REALM: Final = "KOMMUNE.TEST"
DOMAIN: Final = "KOMMUNE"
PASSWORD: Final = "Sommer-2026!"
ADMINISTRATOR: Final = "Administrator@kommune.test"

LONGEST_SEEDING: Final = 3600
"""Seconds; the domain of the benchmark has tens of thousands of objects."""

_CONFIGURATION: Final = """\
[global]
	netbios name = DC-01
	realm = {realm}
	workgroup = {domain}
	server role = active directory domain controller
	server services = ldap, cldap, kdc
	dns update command = /bin/true
	idmap_ldb:use rfc2307 = yes
	private dir = {here}/private
	state directory = {here}/state
	cache directory = {here}/cache
	lock directory = {here}
	binddns dir = {here}/bind-dns
	pid directory = {here}/run
	ncalrpc dir = {here}/run/ncalrpc
	log file = {here}/log.samba
	tls enabled = yes
	tls keyfile = {here}/tls/server.key
	tls certfile = {here}/tls/server.pem
	tls cafile = {here}/tls/ca.pem
"""

# In a mount namespace of its own: FOLDER of the files, then the command.
_INSIDE: Final = f"""\
set -eu
mount --bind "$1" "{HERE}"
mkdir -p /run/samba && mount -t tmpfs -o mode=755 tmpfs /run/samba
mkdir -p /var/log/samba && mount -t tmpfs -o mode=755 tmpfs /var/log/samba
shift
exec "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SambaSpec:
    """The state of one controller: the files in `seeds/` that are put in, in this order.

    ``tls_priority`` is what GnuTLS offers, empty for what Samba offers by itself. With ``trusts_tls`` a Kerberos login
    need not be signed where TLS protects it, as on Windows; Samba demands both by itself.
    """

    seeds: tuple[str, ...]
    tls_priority: str = ""
    trusts_tls: bool = False
    domain: str = "DC=kommune,DC=test"
    user: str = "audit@kommune.test"
    admin: str = ADMINISTRATOR
    passwords: Mapping[str, str] = field(
        default_factory=lambda: {"audit@kommune.test": PASSWORD, ADMINISTRATOR: PASSWORD}
    )


def build_samba(spec: SambaSpec, folder: Path, cache: Path, address: str) -> tuple[str, ...]:
    """Copy a seeded controller below a folder that holds `tls`; return the command that runs it."""
    seeded = prepare_samba(spec, cache)
    own = folder / "dc"
    run("cp", "--archive", str(seeded), str(own))
    run("cp", "--archive", str(folder / "tls"), str(own / "tls"))
    text = (own / "smb.conf").read_text() + f"\tinterfaces = lo {address}/16\n\tbind interfaces only = yes\n"
    if spec.tls_priority:
        text += f"\ttls priority = {spec.tls_priority}\n"
    if spec.trusts_tls:
        text += "\tldap server require strong auth = allow_sasl_over_tls\n"
    (own / "smb.conf").write_text(text)
    return (
        *_inside(own),
        "samba",
        "--foreground",
        "--no-process-group",
        "--model=single",
        f"--configfile={HERE}/smb.conf",
    )


def _inside(folder: Path) -> tuple[str, ...]:
    return ("sh", "-c", _INSIDE, "inside", str(folder))


def _pristine(cache: Path) -> Path:
    version = run("samba", "--version").strip()

    def build(folder: Path) -> None:
        # Below the folder for its mounts, which `unshare` keeps to itself.
        target = folder / "dc"
        target.mkdir()
        _run_inside(
            target,
            *("samba-tool", "domain", "provision", f"--realm={REALM}", f"--domain={DOMAIN}", "--server-role=dc"),
            *(f"--adminpass={PASSWORD}", "--dns-backend=NONE", "--host-name=dc-01", "--host-ip=127.0.0.1"),
            *("--use-rfc2307", f"--targetdir={HERE}", "--option=server services=ldap"),
        )
        (target / "smb.conf").write_text(_CONFIGURATION.format(realm=REALM, domain=DOMAIN, here=HERE))
        for name in ("run", "log"):
            (target / name).mkdir(exist_ok=True)

    return build_once(cache / f"samba-{_digest(version, _CONFIGURATION)}", build) / "dc"


def prepare_samba(spec: SambaSpec, cache: Path) -> Path:
    """Return the files of a seeded controller, made once a month: what is recent in it must not grow old."""
    pristine = _pristine(cache)
    texts = [path.read_text(encoding="utf-8") for name in spec.seeds for path in sorted(SEEDS.glob(f"{name}.*"))]
    month = time.strftime("%Y-%m", time.gmtime())
    key = _digest(str(pristine), month, SEEDER.read_text(encoding="utf-8"), *spec.seeds, *texts)

    def build(folder: Path) -> None:
        run("cp", "--archive", str(pristine), str(folder / "dc"))
        for name in spec.seeds:
            for path in sorted(SEEDS.glob(f"{name}.*")):
                # Each in a process of its own: a file that is opened raw must not be open already.
                _run_inside(folder / "dc", "/usr/bin/python3", str(SEEDER), f"{HERE}/smb.conf", str(path))

    return build_once(cache / f"samba-seeded-{key}", build) / "dc"


def _run_inside(folder: Path, *command: str) -> None:
    HERE.mkdir(exist_ok=True)
    run("unshare", "--mount", "--propagation", "private", *_inside(folder), *command, timeout=LONGEST_SEEDING)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
