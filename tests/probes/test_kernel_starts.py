"""What the boot loader gives the kernel: read by every shell of this machine from trees laid out here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hardening.model.encoding import encode_evidence
from hardening.model.evidence import Partial
from hardening.model.step import Completed
from hardening.probes import KINDS
from tests.probes.cases import build_probe
from tests.probes.laid_out import lay_out
from tests.probes.system_tree import run_on_tree_everywhere

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hardening.model.evidence import Evidence

MENU = """set default=0
menuentry 'Debian' {
\tlinux\t/vmlinuz-6.1.0-18-amd64 root=/dev/sda1 ro  quiet audit=1 rd.password=hunter2
\tinitrd\t/initrd.img-6.1.0-18-amd64
}
submenu 'Advanced' {
\tmenuentry 'recovery' {
\t\tlinux\t/vmlinuz-6.1.0-18-amd64 root=/dev/sda1 ro single
\t}
\tmenuentry 'memory' {
\t\tlinux16\t/memtest86+.bin console=ttyS0
\t}
}
"""
ENTRY = "title Red Hat\nlinux /vmlinuz-5.14.0\noptions $kernelopts audit=1\n"


def _entries(tree: Path, files: Mapping[str, str]) -> list[list[tuple[str, tuple[str, ...]]]]:
    probe = build_probe({"kind": "kernel"})
    [step] = KINDS["kernel"].steps([probe])
    answers = run_on_tree_everywhere(step, lay_out(tree, {"/bin/x": "", **files}))
    return [_read(KINDS["kernel"].parse([probe], {step.name: answer})[probe]) for answer in answers.values()]


def _read(evidence: Evidence) -> list[tuple[str, tuple[str, ...]]]:
    starts: Any = encode_evidence({"starts": evidence["starts"]})["starts"]
    told = [(start["when"], start["parameters"]) for start in starts["v"]]
    return [(parameters["at"], tuple(parameters["v"])) for when, parameters in told if when["v"] == "boot"]


@pytest.mark.parametrize(
    ("files", "entries"),
    [
        (
            {"/boot/grub/grub.cfg": MENU, "/etc/default/grub": "GRUB_CMDLINE_LINUX=audit=0\n"},
            [
                (
                    "/boot/grub/grub.cfg:3",
                    ("root=/dev/sda1", "ro", "quiet", "audit=1", "rd.password=set"),
                ),
                ("/boot/grub/grub.cfg:8", ("root=/dev/sda1", "ro", "single")),
            ],
        ),
        (
            {
                "/boot/grub2/grub.cfg": "insmod blscfg\nblscfg\n",
                "/boot/grub2/grubenv": "# GRUB Environment Block\nkernelopts=root=/dev/vda1 ro\n####",
                "/boot/loader/entries/a.conf": ENTRY,
            },
            [("/boot/loader/entries/a.conf", ("root=/dev/vda1", "ro", "audit=1"))],
        ),
        (
            {"/boot/loader/entries/b.conf": "linux /x\noptions root=x\noptions quiet"},
            [("/boot/loader/entries/b.conf", ("root=x", "quiet"))],
        ),
        (
            {"/boot/grub/grub.cfg": "linux /vmlinuz audit=1", "/boot/loader/entries/old.conf": ENTRY},
            [("/boot/grub/grub.cfg:1", ("audit=1",))],
        ),
        ({"/boot/grub/grub.cfg": "linux /vmlinuz\n"}, [("/boot/grub/grub.cfg:1", ())]),
        ({"/etc/default/grub": 'GRUB_CMDLINE_LINUX="audit=1"\n'}, [("/boot/grub/grub.cfg", ())]),
        ({"/etc/hostname": "no boot loader\n"}, []),
    ],
    ids=["grub", "blscfg", "systemd-boot", "entries that grub leaves alone", "nothing given", "no menu yet", "none"],
)
def test_entries_of_the_boot_loader(
    tmp_path: Path, files: Mapping[str, str], entries: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert [read for read in _entries(tmp_path, files) if read != entries] == []


def test_a_menu_that_may_not_be_read_is_not_taken_for_missing() -> None:
    probe = build_probe({"kind": "kernel"})
    [step] = KINDS["kernel"].steps([probe])
    answer = Completed(exit_status=0, stdout=b"start!\ngrub_default=yes\n=end\n", stderr=b"", cut=False, as_root=False)
    starts = KINDS["kernel"].parse([probe], {step.name: answer})[probe]["starts"]
    assert starts == Partial((), "what the boot loader gives may not be read; it takes root")
