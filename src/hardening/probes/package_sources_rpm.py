"""How dnf and zypper read their repositories: sections of `*.repo` files over the defaults of their main file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.probes.package_sources_apt import PackageSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.probes.config_lines import NumberedLines

_TRUE = frozenset({"1", "yes", "true", "on"})
_FALSE = frozenset({"0", "no", "false", "off"})
_ADDRESSES = ("baseurl", "mirrorlist", "metalink")
_MAINS = {"dnf": ("/etc/dnf/dnf.conf", "/etc/yum.conf"), "zypper": ("/etc/zypp/zypp.conf",)}
# dnf.conf(5): nothing is checked unless asked for. zypp.conf: everything is, unless switched off.
_DEFAULTS = {"dnf": "0", "zypper": "1"}


@dataclass(slots=True)
class _Section:
    name: str
    line: int
    values: dict[str, str] = field(default_factory=dict)


def read_repositories(lines: Mapping[str, NumberedLines]) -> list[PackageSource]:
    """Return the repositories of all `*.repo` files."""
    found = []
    for name in lines:
        if name.endswith(".repo"):
            manager = "zypper" if name.startswith("/etc/zypp/") else "dnf"
            main = _read_main(manager, lines)
            for section in _split_sections(lines[name]):
                if section.name != "main":
                    found += _build(name, manager, section, main)
    return found


def _read_main(manager: str, lines: Mapping[str, NumberedLines]) -> Mapping[str, str]:
    path = next((path for path in _MAINS[manager] if lines.get(path)), "")
    sections = _split_sections(lines.get(path, []))
    return next((section.values for section in sections if section.name == "main"), {})


def _split_sections(lines: NumberedLines) -> list[_Section]:
    sections: list[_Section] = []
    key = ""
    for number, line in lines:
        text = line.strip()
        if text.startswith("["):
            sections.append(_Section(text[1:].partition("]")[0], number))
            key = ""
        elif sections and line[:1].isspace() and key:
            sections[-1].values[key] += f" {text}"
        elif sections and "=" in text:
            name, _, value = text.partition("=")
            key = name.strip().lower()
            sections[-1].values[key] = value.strip()
    return sections


def _build(name: str, manager: str, section: _Section, main: Mapping[str, str]) -> list[PackageSource]:
    def value(*keys: str, default: str) -> bool | str:
        texts = [values[key] for values in (section.values, main) for key in keys if key in values]
        return _parse_truth(texts[0] if texts else default)

    packages = value("gpgcheck", "pkg_gpgcheck", default=_DEFAULTS[manager])
    index = value("repo_gpgcheck", default=_DEFAULTS[manager])
    uris = " ".join(section.values.get(key, "") for key in _ADDRESSES).replace(",", " ").split()
    return [
        PackageSource(
            place=f"{name}:{section.line} {section.name}",
            manager=manager,
            uri=uri,
            enabled=_parse_truth(section.values.get("enabled", "1")) is not False,
            verified=packages,
            index_verified=index,
        )
        for uri in uris or [""]
    ]


def _parse_truth(text: str) -> bool | str:
    word = text.lower()
    return word in _TRUE if word in _TRUE or word in _FALSE else text
