"""Does in a running Samba domain what lines of `dsacls` would do in one of Windows: `samba_grant.py URL USER FILE...`.

The password comes on standard input. Only what a kit writes is understood: LC, RC and RP for one attribute, with or
without inheritance.
"""

# As in samba_seed.py, nothing of the project is imported here: this Python has other modules.
from __future__ import annotations

import re
import sys
from pathlib import Path
from uuid import UUID

import ldb
from samba.credentials import Credentials
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

GRANT = re.compile(r'dsacls "([^"]+)"( /I:[TP])? /G "\$\{account\}:(LC|RC|RP;([A-Za-z0-9-]+))"')
ACCOUNT = re.compile(r"^\$account = '(.*)'$", re.MULTILINE)
FLAGS = {None: "", " /I:T": "CI", " /I:P": "CINP"}


class Granter:
    """A connection to the domain as its administrator."""

    def __init__(self, url: str, user: str, password: str) -> None:
        parameters = LoadParm()
        parameters.load_default()
        parameters.set("tls verify peer", "no_check")
        credentials = Credentials()
        credentials.guess(parameters)
        credentials.set_bind_dn(user)
        credentials.set_password(password)
        self.db = SamDB(url=url, credentials=credentials, lp=parameters)
        self.names = {
            "$domain": str(self.db.get_default_basedn()),
            "$config": str(self.db.get_config_basedn()),
            "$schema": str(self.db.get_schema_basedn()),
            "$root": str(self.db.get_root_basedn()),
        }

    def grant(self, text: str) -> None:
        """Carry out the lines of a file, those for one object at once."""
        (named,) = ACCOUNT.findall(text)
        account = named.rpartition("\\")[2]
        found = self.db.search(self.names["$domain"], ldb.SCOPE_SUBTREE, f"(sAMAccountName={account})", ["objectSid"])
        sid = ndr_unpack(security.dom_sid, found[0]["objectSid"][0])
        wanted: dict[str, str] = {}
        for match in GRANT.finditer(text):
            dn = match[1]
            for name, value in self.names.items():
                dn = dn.replace(name, value)
            guid = self.guid_of(match[4]) if match[4] else ""
            if guid is None:
                continue
            kind = "OA" if guid else "A"
            wanted[dn] = wanted.get(dn, "") + f"({kind};{FLAGS[match[2]]};{match[3][:2]};{guid};;{sid})"
        for dn, aces in wanted.items():
            self.add(dn, aces)

    def guid_of(self, attribute: str) -> str | None:
        """Return the GUID of an attribute; none where the schema lacks it."""
        found = self.db.search(
            self.names["$schema"], ldb.SCOPE_ONELEVEL, f"(lDAPDisplayName={attribute})", ["schemaIDGUID"]
        )
        return str(UUID(bytes_le=bytes(found[0]["schemaIDGUID"][0]))) if len(found) else None

    def add(self, dn: str, aces: str) -> None:
        """Add entries to an object's access list; an object that is not there is passed over."""
        try:
            found = self.db.search(dn, ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"], controls=["sd_flags:1:4"])
        except ldb.LdbError:
            return
        descriptor = ndr_unpack(security.descriptor, found[0]["nTSecurityDescriptor"][0])
        for ace in security.descriptor.from_sddl(f"D:{aces}", security.dom_sid(self.db.get_domain_sid())).dacl.aces:
            descriptor.dacl_add(ace)
        message = ldb.Message(ldb.Dn(self.db, dn))
        message["sd"] = ldb.MessageElement(ndr_pack(descriptor), ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor")
        self.db.modify(message, controls=["sd_flags:1:4"])


if __name__ == "__main__":
    granter = Granter(sys.argv[1], sys.argv[2], sys.stdin.read())
    for file in sys.argv[3:]:
        granter.grant(Path(file).read_text(encoding="utf-8"))
