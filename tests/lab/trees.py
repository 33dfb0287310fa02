"""Root trees of hosts: a Debian base made by mmdebstrap, and layers over it (overlay upper folders) made by a script.

Both lie in the cache under a digest of their recipe, so that only a changed recipe is built again.
`layers/<name>/setup.sh` runs inside the tree; `layers/<name>/root/` is copied into it before.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.lab.cache import build_once
from tests.lab.catalogue import LAYERS, PASSWORD, STOCK
from tests.lab.commands import run
from tests.lab.keys import Keys, public_text
from tests.lab.packages import apt_sources

TIDY = LAYERS / "tidy.sh"
BASE_PACKAGES = (
    "ca-certificates",
    "chrony",
    "cracklib-runtime",
    "cron",
    "dbus",
    "iproute2",
    "kmod",
    "libpam-pwquality",
    "libpam-systemd",
    "logrotate",
    "netbase",
    "nftables",
    "openssh-server",
    "procps",
    "rsyslog",
    "sudo",
    "systemd",
    "systemd-sysv",
)
LEFT_OUT = ("doc", "info", "locale", "man")


def build_base(cache: Path, keys: Keys, suite: str) -> Path:
    """Return the root tree of a stock Debian server with the account `audit`."""
    settings = _settings(keys)
    recipe = {"suite": suite, "packages": BASE_PACKAGES, "left out": LEFT_OUT, "settings": settings}

    def build(folder: Path) -> None:
        run(
            "mmdebstrap",
            "--quiet",
            "--mode=root",
            "--variant=minbase",
            "--skip=cleanup/apt/lists",
            *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT),
            f"--include={','.join(BASE_PACKAGES)}",
            f"--customize-hook={_hook(_script(STOCK), settings)}",
            suite,
            str(folder),
            *apt_sources(suite),
        )

    return build_once(cache / "trees" / f"{suite}-{_digest(recipe, LAYERS / STOCK)}", build)


def build_small(cache: Path, suite: str) -> Path:
    """Return a root tree of a few files with busybox's shell and tools, the accounts root and `app`, and no systemd."""

    def build(folder: Path) -> None:
        options = ("--quiet", "--mode=root", "--variant=extract", "--include=busybox-static")
        run("mmdebstrap", *options, suite, str(folder), *apt_sources(suite))
        for name in ("usr/share", "dev"):  # a copy of this tree must hold no device that is read without end
            shutil.rmtree(folder / name)
        for name in ("bin", "dev", "etc", "proc", "root", "run", "sys", "tmp"):
            (folder / name).mkdir(exist_ok=True)
        (folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n")
        (folder / "etc/group").write_text("root:x:0:\napp:x:1000:\n")
        (folder / "etc/os-release").write_text("ID=small\nVERSION_ID=1\n")
        (folder / "etc/hostname").write_text("# from its maker\nsmall-one\n")
        run("chroot", str(folder), "/bin/busybox", "--install", "-s", "/bin")

    return build_once(cache / "trees" / f"{suite}-small", build)


def build_layer(cache: Path, keys: Keys, base: Path, name: str) -> Path:
    """Return the overlay folder with what the layer `name` changes in the base."""
    source = LAYERS / name
    settings = _settings(keys)

    def build(folder: Path) -> None:
        builder = str(LAYERS / "build.sh")
        namespaces = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private")
        run(*namespaces, "sh", builder, str(base), str(folder), str(source), _script(name), environment=settings)

    layer = build_once(cache / "layers" / f"{name}-{_digest({'base': base.name, 'settings': settings}, source)}", build)
    return layer / "upper"


def _script(name: str) -> str:
    return f"{(LAYERS / name / 'setup.sh').read_text()}\n{TIDY.read_text()}"


def _settings(keys: Keys) -> dict[str, str]:
    return {
        "LAB_PASSWORD": PASSWORD,
        "LAB_KEY": public_text(keys.user),
        "LAB_ENCRYPTED_KEY": public_text(keys.encrypted),
    }


def _hook(script: str, settings: Mapping[str, str]) -> str:
    values = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
    return f'env {values} chroot "$1" /bin/sh -euc {shlex.quote(script)}'


def _digest(recipe: Mapping[str, object], source: Path) -> str:
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode())
    for path in [TIDY, LAYERS / "build.sh", *sorted(path for path in source.rglob("*") if path.is_file())]:
        digest.update(f"{path.relative_to(LAYERS)}\n".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
