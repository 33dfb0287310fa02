"""How a directory presents itself: the question for its root DSE, and the contexts that its answer names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.step import LdapScope, LdapStep

if TYPE_CHECKING:
    from hardening.model.step import LdapEntry

ROOT_DSE = LdapStep(
    name="root_dse",
    base="",
    scope=LdapScope.BASE,
    filter="(objectClass=*)",
    attributes=(
        "configContext",
        "configurationNamingContext",
        "currentTime",
        "defaultNamingContext",
        "dnsHostName",
        "domainControllerFunctionality",
        "domainFunctionality",
        "forestFunctionality",
        "highestCommittedUSN",
        "isGlobalCatalogReady",
        "isSynchronized",
        "monitorContext",
        "namingContexts",
        "objectClass",
        "rootDomainNamingContext",
        "schemaNamingContext",
        "subschemaSubentry",
        "supportedCapabilities",
        "supportedControl",
        "supportedExtension",
        "supportedFeatures",
        "supportedLDAPVersion",
        "supportedSASLMechanisms",
        "vendorName",
        "vendorVersion",
    ),
)
"""The first step in a directory: what it is, and where its parts lie."""

_CONTEXTS = {
    "{default_nc}": ("defaultNamingContext", "namingContexts"),
    "{config_nc}": ("configurationNamingContext", "configContext"),
    "{schema_nc}": ("schemaNamingContext", "subschemaSubentry"),
    "{root_nc}": ("rootDomainNamingContext", "defaultNamingContext", "namingContexts"),
}
PLACEHOLDERS = tuple(_CONTEXTS)
"""What may stand in the base of a search, for contexts that the root DSE names."""


def fill_base(base: str, root_dse: LdapEntry) -> str:
    """Return a base with its placeholders filled from the root DSE; raises ``ValueError`` where it does not say."""
    for placeholder, attributes in _CONTEXTS.items():
        if placeholder in base:
            context = next((text for name in attributes if (text := _first(root_dse, name))), "")
            if not context:
                msg = f"the root DSE names no {placeholder[1:-1]}"
                raise ValueError(msg)
            base = base.replace(placeholder, context)
    return base


def _first(entry: LdapEntry, attribute: str) -> str:
    values = entry.values(attribute)
    return values[0].decode("utf-8", "replace") if values else ""
