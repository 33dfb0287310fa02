"""The SMB client of Windows as it is configured to run now."""

from __future__ import annotations

from hardening.model.evidence import FieldType
from hardening.probes.windows_fields import Reading, build_row_kind

KIND = build_row_kind(
    name="smb_client",
    summary="how the SMB client of Windows is configured now",
    place="Get-SmbClientConfiguration",
    script=r"""$c = Get-SmbClientConfiguration -ErrorAction Stop
@{
signing = $c.RequireSecuritySignature
guest = $c.EnableInsecureGuestLogons
encrypt = $c.RequireEncryption
ntlm = $c.BlockNTLM
}""",
    readings={
        "signing_required": Reading(FieldType.BOOLEAN, "signing", "whether servers must sign"),
        "guest_allowed": Reading(
            FieldType.BOOLEAN, "guest", "whether it lets itself be logged on as guest; absent on old versions"
        ),
        "encryption_required": Reading(
            FieldType.BOOLEAN, "encrypt", "whether servers must encrypt; absent before 2025"
        ),
        "ntlm_blocked": Reading(FieldType.BOOLEAN, "ntlm", "whether NTLM is never used; absent before 2025"),
    },
)
