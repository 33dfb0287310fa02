"""Which build and product a Windows is, as kinds read it that ask the registry anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Known
from hardening.probes.registry_script import RegistryName, number_of, text_of
from hardening.probes.windows_defaults import WindowsState

if TYPE_CHECKING:
    from hardening.probes.registry_script import RegistryAnswer

VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
BUILD = RegistryName(VERSION, "CurrentBuildNumber")
PRODUCT = RegistryName(r"HKLM\SYSTEM\CurrentControlSet\Control\ProductOptions", "ProductType")
STATE_NAMES = frozenset({BUILD, PRODUCT})
"""What must be asked for ``read_state``."""


def read_state(answer: RegistryAnswer) -> WindowsState:
    """Return build and product; 0 and empty where they could not be read."""
    build = number_of(answer.find(BUILD), BUILD.place)
    product = text_of(answer.find(PRODUCT), PRODUCT.place)
    return WindowsState(
        build=build.value if isinstance(build, Known) and isinstance(build.value, int) else 0,
        product=str(product.value) if isinstance(product, Known) else "",
    )
