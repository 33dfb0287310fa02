"""What Windows calls things in its languages: everything that may not decide a verdict."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Language:
    """Names and words of one language of Windows."""

    computer: str
    product: str
    guest: str
    administrators: str
    domain_admins: str
    local_service: str
    audit: tuple[str, str, str, str]
    subcategory: str
    rule: str
    denied: str
    unknown: str


LANGUAGES = {
    "en": Language(
        computer="SRV-01",
        product="Windows Server 2022 Standard",
        guest="Guest",
        administrators="Administrators",
        domain_admins="Domain Admins",
        local_service="NT AUTHORITY\\LocalService",
        audit=("No Auditing", "Success", "Failure", "Success and Failure"),
        subcategory="Subcategory",
        rule="Remote control",
        denied="Access is denied.",
        unknown="The term is not recognized.",
    ),
    "nb": Language(
        computer="SRV-01",
        product="Windows Server 2022 Standard",
        guest="Gjest",
        administrators="Administratorer",
        domain_admins="Domeneadministratorer",
        local_service="NT-MYNDIGHET\\LOKAL TJENESTE",
        audit=("Ingen overvåking", "Vellykket", "Mislykket", "Vellykket og mislykket"),
        subcategory="Underkategori",
        rule="Fjernstyring",
        denied="Ingen tilgang.",
        unknown="Uttrykket gjenkjennes ikke.",
    ),
    "de": Language(
        computer="SRV-01",
        product="Windows Server 2022 Standard",
        guest="Gast",
        administrators="Administratoren",
        domain_admins="Domänen-Admins",
        local_service="NT-AUTORITÄT\\LOKALER DIENST",
        audit=("Keine Überwachung", "Erfolg", "Fehler", "Erfolg und Fehler"),
        subcategory="Unterkategorie",
        rule="Fernsteuerung",
        denied="Zugriff verweigert",
        unknown="Die Benennung wurde nicht erkannt.",
    ),
}
