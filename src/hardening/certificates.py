"""What an X.509 certificate says, as fields of evidence. Whether it is to be trusted is not judged here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID

from hardening.model.clean import clean_line
from hardening.model.evidence import ABSENT, Field, Known, Unreadable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

NAMES = (
    "certificate_subject",
    "certificate_issuer",
    "certificate_names",
    "certificate_not_before",
    "certificate_not_after",
    "certificate_days_left",
    "certificate_key",
    "certificate_signature",
    "certificate_fingerprint",
    "certificate_self_signed",
)
"""The fields of a certificate."""

_DAY = 86_400
# These sign without a hash that one could choose.
_OWN_HASH = {SignatureAlgorithmOID.ED25519: "ed25519", SignatureAlgorithmOID.ED448: "ed448"}


def describe_certificate(data: bytes, now: int) -> dict[str, Field]:
    """Return the fields of a certificate in DER at a time; unreadable where it is none."""
    try:
        certificate = x509.load_der_x509_certificate(data)
        until = int(certificate.not_valid_after_utc.timestamp())
        return {
            "certificate_subject": Known(clean_line(certificate.subject.rfc4514_string(), 500)),
            "certificate_issuer": Known(clean_line(certificate.issuer.rfc4514_string(), 500)),
            "certificate_names": _read_names(certificate),
            "certificate_not_before": Known(int(certificate.not_valid_before_utc.timestamp())),
            "certificate_not_after": Known(until),
            "certificate_days_left": Known((until - now) // _DAY),
            "certificate_key": Known(_describe_key(certificate.public_key())),
            "certificate_signature": _read_signature(certificate),
            "certificate_fingerprint": Known(f"SHA256:{certificate.fingerprint(hashes.SHA256()).hex()}"),
            "certificate_self_signed": Known(certificate.subject == certificate.issuer),
        }
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        unreadable = Unreadable(f"the certificate cannot be read ({clean_line(str(error), 100)})")
        return dict.fromkeys(NAMES, unreadable)


def _read_names(certificate: x509.Certificate) -> Field:
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return ABSENT
    names = extension.value
    if not isinstance(names, x509.SubjectAlternativeName):
        return Unreadable("the names of the certificate cannot be read")
    texts = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    return Known(tuple(clean_line(text, 300) for text in texts))


def _describe_key(key: CertificatePublicKeyTypes) -> str:
    match key:
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"EC {key.curve.name}"
        case _:
            return type(key).__name__.removeprefix("_").removesuffix("PublicKey")


def _read_signature(certificate: x509.Certificate) -> Field:
    algorithm = certificate.signature_hash_algorithm
    if algorithm is not None:
        return Known(algorithm.name)
    own = _OWN_HASH.get(certificate.signature_algorithm_oid)
    return Known(own) if own else ABSENT
