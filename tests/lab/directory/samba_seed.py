"""Puts one file of seeds into a stopped Samba domain: `samba_seed.py SMB.CONF FILE`, run by the Python of Debian.

What a file holds, its name tells:
- `*.raw.ldif`   changes past all modules: what a directory writes itself, such as `pwdLastSet`
- `*.ldif`       objects and changes
- `*.rights`     a right a line: the object's name, a tab, the entry of its access list in SDDL; or `owner=` and a SID
- `*.passwords`  an account a line, which gets the lab's password
- `*.renames`    an object's name, a tab, its new name
- `*.crowd`      OU, group, number: so many accounts in that OU, all in that group (tabs between)
- `*.scale`      numbers of users, computers and groups of a whole domain; each user is in three groups, which nest

In all of them `${domain}`, `${config}` and `${schema}` are names, `${sid:ACCOUNT}` is the SID of an account,
`${char:202e}` a character by its number,
`${filetime:-400}` and `${time:-400}` are times so many days away, in the two forms that directories keep.
"""

# Nothing of the project is imported here, and nothing here is imported by it: this Python has other modules.
from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import ldb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

PASSWORD = "Sommer-2026!"
DAY = 86400
EPOCH = 11_644_473_600
PLACEHOLDER = re.compile(r"\$\{([a-z]+)(?::([^}]*))?\}")
RELAXED = ["relax:0"]


class Domain:
    """The domain that seeds are put into."""

    def __init__(self, configuration: str) -> None:
        self.parameters = LoadParm()
        self.parameters.load(configuration)
        self.db = SamDB(url=self._path("sam.ldb"), session_info=system_session(), lp=self.parameters)
        self.name = str(self.db.get_default_basedn())

    def _path(self, name: str) -> str:
        return str(self.parameters.private_path(name))

    def fill(self, text: str) -> str:
        """Return text with its placeholders filled."""
        return PLACEHOLDER.sub(lambda match: self._value(match[1], match[2] or ""), text)

    def _value(self, kind: str, argument: str) -> str:
        if kind == "sid":
            return str(self.sid_of(argument))
        if kind == "char":
            return chr(int(argument, 16))
        if kind in {"filetime", "time"}:
            seconds = int(time.time()) + int(argument) * DAY
            if kind == "filetime":
                return str((seconds + EPOCH) * 10_000_000)
            return time.strftime("%Y%m%d%H%M%S.0Z", time.gmtime(seconds))
        names = {"domain": self.name, "config": self.db.get_config_basedn(), "schema": self.db.get_schema_basedn()}
        return str(names[kind])

    def sid_of(self, account: str) -> security.dom_sid:
        """Return the SID of an account by its logon name."""
        found = self.db.search(
            self.name, ldb.SCOPE_SUBTREE, f"(sAMAccountName={ldb.binary_encode(account)})", ["objectSid"]
        )
        return ndr_unpack(security.dom_sid, found[0]["objectSid"][0])

    def change(self, text: str) -> None:
        """Carry out LDIF."""
        self.db.modify_ldif(text, RELAXED)

    def change_raw(self, text: str) -> None:
        """Carry out LDIF on the file that holds the domain, past all modules; nothing else may have it open."""
        partition = f"{self.name.upper()}.ldb"
        folder = Path(self._path("sam.ldb.d"))
        file = next(path for path in folder.iterdir() if path.name.upper() == partition.upper())
        raw = ldb.Ldb(str(file), options=["modules:"])
        for _, message in raw.parse_ldif(text):
            raw.modify(message)

    def grant(self, line: str) -> None:
        """Add an entry to an object's access list, or make somebody its owner."""
        dn, _, right = line.partition("\t")
        found = self.db.search(dn, ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"], controls=["sd_flags:1:7"])
        descriptor = ndr_unpack(security.descriptor, found[0]["nTSecurityDescriptor"][0])
        sid = security.dom_sid(self.db.get_domain_sid())
        if right.startswith("owner="):
            descriptor.owner_sid = security.dom_sid(right.removeprefix("owner="))
        else:
            added = security.descriptor.from_sddl(f"D:{right}", sid)
            for ace in added.dacl.aces:
                descriptor.dacl_add(ace)
        message = ldb.Message(ldb.Dn(self.db, dn))
        message["sd"] = ldb.MessageElement(ndr_pack(descriptor), ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor")
        self.db.modify(message, controls=["sd_flags:1:5" if "owner=" in right else "sd_flags:1:4"])

    def set_password(self, account: str) -> None:
        """Give an account the lab's password."""
        self.db.setpassword(f"(sAMAccountName={ldb.binary_encode(account)})", PASSWORD)

    def rename(self, line: str) -> None:
        """Give an object another name."""
        old, _, new = line.partition("\t")
        self.db.rename(old, new)

    def crowd(self, line: str) -> None:
        """Make many accounts, all in one group."""
        ou, group, number = line.split("\t")
        names = [f"masse{each:05d}" for each in range(int(number))]
        self.db.transaction_start()
        for name in names:
            self.db.add({"dn": f"CN={name},{ou}", "objectClass": "user", "sAMAccountName": name}, RELAXED)
        message = ldb.Message(ldb.Dn(self.db, group))
        members = [f"CN={name},{ou}" for name in names]
        message["member"] = ldb.MessageElement(members, ldb.FLAG_MOD_ADD, "member")
        self.db.modify(message)
        self.db.transaction_commit()

    def scale(self, line: str) -> None:
        """Make a domain of some size: users and computers in twenty OUs, groups in groups."""
        users, computers, groups = map(int, line.split("\t"))
        self.db.transaction_start()
        ous = [f"OU=Etat {number:02},{self.name}" for number in range(20)]
        for ou in ous:
            self.db.add({"dn": ou, "objectClass": "organizationalUnit"}, RELAXED)
        seen = self.fill("${filetime:-3}")
        people = [f"CN=Bruker {number:05},{ous[number % 20]}" for number in range(users)]
        for number, dn in enumerate(people):
            account = {"sAMAccountName": f"bruker{number:05}", "userAccountControl": "512", "lastLogonTimestamp": seen}
            self.db.add({"dn": dn, "objectClass": "user", "mail": f"b{number}@kommune.test", **account}, RELAXED)
        for number in range(computers):
            system = "Windows Server 2022 Standard" if number % 10 == 0 else "Windows 11 Enterprise"
            name = f"maskin{number:05}"
            account = {"sAMAccountName": f"{name}$", "userAccountControl": "4096", "lastLogonTimestamp": seen}
            told = {"dNSHostName": f"{name}.kommune.test", "operatingSystem": system}
            self.db.add({"dn": f"CN={name},{ous[number % 20]}", "objectClass": "computer", **account, **told}, RELAXED)
        teams = [f"CN=Gruppe {number:05},{ous[number % 20]}" for number in range(groups)]
        for number, dn in enumerate(teams):
            members = sorted({people[(number * 12 + step * 7) % users] for step in range(12)})
            below = [teams[number - 1]] if number % 5 else []
            group = {"sAMAccountName": f"gruppe{number:05}", "member": [*members, *below]}
            self.db.add({"dn": dn, "objectClass": "group", **group}, RELAXED)
        self.db.transaction_commit()


def lines(text: str) -> Iterator[str]:
    """Yield the lines that say something."""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


def without_comments(text: str) -> str:
    """Return LDIF without the comments that its readers want and Samba's does not."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("#")) + "\n"


def seed(configuration: str, file: Path) -> None:
    """Put one file of seeds in."""
    domain = Domain(configuration)
    text = domain.fill(without_comments(file.read_text(encoding="utf-8")))
    if file.suffix == ".ldif":
        change = domain.change_raw if file.name.endswith(".raw.ldif") else domain.change
        change(text)
        return
    by_line: dict[str, Callable[[str], None]] = {
        ".rights": domain.grant,
        ".passwords": domain.set_password,
        ".renames": domain.rename,
        ".crowd": domain.crowd,
        ".scale": domain.scale,
    }
    for line in lines(text):
        by_line[file.suffix](line)


if __name__ == "__main__":
    seed(sys.argv[1], Path(sys.argv[2]))
