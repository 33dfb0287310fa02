"""How the session itself was made: what the server offered, what was agreed, who it said it was.

There is no step: the session answers, also when the login failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, FieldSpec, FieldType, build_unreadable
from hardening.probes.kind import ENDPOINT, Channel, ProbeKind, ProbeParameter, ProbeParameterType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

FIELDS = {
    "transport": FieldSpec(
        FieldType.TEXT, "ssh, local, chroot, podman, docker, podman-image, docker-image, ldap or recorded"
    ),
    "encrypted": FieldSpec(FieldType.BOOLEAN, "whether the session is encrypted"),
    "server_version": FieldSpec(FieldType.TEXT, "the server's own name and version"),
    "host_key_type": FieldSpec(FieldType.TEXT, "type of the host key that the server showed"),
    "host_key_fingerprint": FieldSpec(FieldType.TEXT, "SHA256: fingerprint of that host key"),
    "host_key_accepted": FieldSpec(
        FieldType.BOOLEAN, "whether that key was accepted because it was new, so that nobody has compared it"
    ),
    "kex_offered": FieldSpec(FieldType.TEXTS, "key exchange methods that the server offers"),
    "host_key_algorithms_offered": FieldSpec(FieldType.TEXTS, "host key algorithms that the server offers"),
    "ciphers_offered": FieldSpec(FieldType.TEXTS, "ciphers that the server offers"),
    "macs_offered": FieldSpec(FieldType.TEXTS, "message authentication codes that the server offers"),
    "compressions_offered": FieldSpec(FieldType.TEXTS, "compressions that the server offers"),
    "kex": FieldSpec(FieldType.TEXT, "key exchange method agreed on"),
    "host_key_algorithm": FieldSpec(FieldType.TEXT, "host key algorithm agreed on"),
    "cipher_in": FieldSpec(FieldType.TEXT, "cipher from the server to us"),
    "cipher_out": FieldSpec(FieldType.TEXT, "cipher from us to the server"),
    "mac_in": FieldSpec(FieldType.TEXT, "message authentication code from the server to us"),
    "mac_out": FieldSpec(FieldType.TEXT, "message authentication code from us to the server"),
    "authentication": FieldSpec(
        FieldType.TEXT, "how we logged in: publickey, password, agent, simple, external, anonymous, …"
    ),
    "tls_version": FieldSpec(FieldType.TEXT, "TLS version agreed on, such as TLSv1.3"),
    "certificate_subject": FieldSpec(FieldType.TEXT, "whose certificate the server showed"),
    "certificate_issuer": FieldSpec(FieldType.TEXT, "who issued it"),
    "certificate_names": FieldSpec(FieldType.TEXTS, "host names and IP addresses that it is for"),
    "certificate_not_before": FieldSpec(FieldType.TIME, "when it begins to be valid"),
    "certificate_not_after": FieldSpec(FieldType.TIME, "when it expires"),
    "certificate_days_left": FieldSpec(FieldType.INTEGER, "whole days until then, by our clock at the visit"),
    "certificate_key": FieldSpec(FieldType.TEXT, "its key, such as RSA 2048 or EC secp256r1"),
    "certificate_signature": FieldSpec(FieldType.TEXT, "hash of its signature, such as sha256"),
    "certificate_fingerprint": FieldSpec(FieldType.TEXT, "SHA256: fingerprint of it"),
}


def _steps(_: Sequence[Probe]) -> tuple[Step, ...]:
    return ()


def _parse(probes: Sequence[Probe], _: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    return {probe: build_unreadable(FIELDS, "the session gave no account of itself") for probe in probes}


KIND = ProbeKind(
    name="connection",
    summary="the session to the target: algorithms offered and agreed, host key or certificate, way of login",
    parameters={
        ENDPOINT: ProbeParameter(
            type=ProbeParameterType.CHOICE,
            description="which session of a target that has several: that to its shell, or that to its directory",
            required=False,
            default=Channel.SHELL.value,
            choices=(Channel.SHELL.value, Channel.LDAP.value),
        )
    },
    fields=FIELDS,
    channel=Channel.SESSION,
    steps=_steps,
    parse=_parse,
)
