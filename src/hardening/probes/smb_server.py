"""The SMB server of Windows as it is configured to run now."""

from __future__ import annotations

from hardening.model.evidence import FieldType
from hardening.probes.windows_fields import Reading, build_row_kind

KIND = build_row_kind(
    name="smb_server",
    summary="how the SMB server of Windows is configured now",
    place="Get-SmbServerConfiguration",
    script=r"""$c = Get-SmbServerConfiguration -ErrorAction Stop
@{
smb1 = $c.EnableSMB1Protocol
smb2 = $c.EnableSMB2Protocol
signing = $c.RequireSecuritySignature
encrypt = $c.EncryptData
reject = $c.RejectUnencryptedAccess
shares = $c.AutoShareServer
audit = $c.AuditSmb1Access
}""",
    readings={
        "smb1": Reading(FieldType.BOOLEAN, "smb1", "whether it speaks SMB 1"),
        "smb2": Reading(FieldType.BOOLEAN, "smb2", "whether it speaks SMB 2 and 3"),
        "signing_required": Reading(FieldType.BOOLEAN, "signing", "whether clients must sign"),
        "encryption": Reading(FieldType.BOOLEAN, "encrypt", "whether everything is encrypted"),
        "rejects_unencrypted": Reading(FieldType.BOOLEAN, "reject", "whether clients that cannot encrypt are refused"),
        "admin_shares": Reading(FieldType.BOOLEAN, "shares", "whether C$ and the like are shared at start"),
        "smb1_audited": Reading(FieldType.BOOLEAN, "audit", "whether use of SMB 1 is logged; absent on old versions"),
    },
)
