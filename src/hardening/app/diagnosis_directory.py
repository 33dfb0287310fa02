"""What is wrong with the way to a directory, stage by stage: credential, name, port, certificate, login, root DSE."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from hardening.app.diagnosis_lines import Diagnosis, State, failed, ok, text_of
from hardening.model.evidence import ABSENT, Known, Unreadable
from hardening.model.target import LdapEndpoint, LdapSecurity
from hardening.transports.session import Milestone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.app.examination import Examination
    from hardening.model.evidence import Evidence

_SOON = 30 * 86_400


def diagnose_directory(seen: Examination, endpoint: LdapEndpoint, connection: Evidence) -> Iterator[Diagnosis]:
    """Yield what lies between us and a directory's first answer."""
    if Milestone.CREDENTIAL not in seen.milestones:
        yield failed("credential", seen.failure)
        return
    yield ok("credential", "what is needed to log in is there")
    if isinstance(seen.addresses, Unreadable):
        yield Diagnosis(
            stage="name",
            state=State.FAIL,
            what=f"the name could not be resolved: {seen.addresses.reason}",
            remedy="check the address and the name service",
            line=f"getent ahosts {shlex.quote(endpoint.address)}",
        )
        return
    if seen.addresses:
        yield ok("name", f"the name stands for {', '.join(seen.addresses)}")
    if Milestone.PORT not in seen.milestones:
        yield failed("port", seen.failure, f"nc -vz {shlex.quote(endpoint.address)} {endpoint.port}")
        return
    yield ok("port", f"port {endpoint.port} answers")
    if Milestone.CERTIFICATE not in seen.milestones:
        yield failed("certificate", seen.failure, _certificate_line(endpoint))
        return
    yield _diagnose_certificate(seen, endpoint, connection)
    if Milestone.LOGIN not in seen.milestones:
        yield failed("login", seen.failure, _login_line(endpoint))
        return
    yield ok("login", f"logged in as {endpoint.user or 'nobody'} with {text_of(connection, 'authentication')}")
    if Milestone.ROOT_DSE not in seen.milestones:
        yield failed("root_dse", seen.failure)
        return
    yield _diagnose_root_dse(seen)


def _diagnose_certificate(seen: Examination, endpoint: LdapEndpoint, connection: Evidence) -> Diagnosis:
    if endpoint.security is LdapSecurity.PLAIN:
        return Diagnosis(
            stage="certificate",
            state=State.WARN,
            what="the connection is not encrypted, so nobody logs in over it",
            remedy="use security: ldaps or starttls",
        )
    return diagnose_expiry(seen, connection, _certificate_line(endpoint))


def diagnose_expiry(seen: Examination, connection: Evidence, line: str) -> Diagnosis:
    """Return how a certificate is that was accepted; ``line`` shows it by hand."""
    expires = connection.get("certificate_not_after", ABSENT)
    if isinstance(expires, Known) and isinstance(expires.value, int):
        left = expires.value - seen.snapshot.time
        if left < _SOON:
            return Diagnosis(
                stage="certificate",
                state=State.WARN,
                what=f"the certificate expires in {max(left // 86_400, 0)} days",
                remedy="renew the certificate of the server",
                line=line,
            )
    version, issuer = text_of(connection, "tls_version"), text_of(connection, "certificate_issuer")
    return ok("certificate", f"{version}, and the certificate is one that we trust, issued by {issuer}")


def _diagnose_root_dse(seen: Examination) -> Diagnosis:
    directory = seen.snapshot.platform.directory
    if isinstance(directory, Unreadable):
        return Diagnosis(
            stage="root_dse",
            state=State.WARN,
            what=f"the directory does not say what it is: {directory.reason}",
            remedy="log in with an account that may read the root DSE",
        )
    return ok("root_dse", f"the directory says that it is {getattr(directory, 'title', 'something unknown')}")


def _certificate_line(endpoint: LdapEndpoint) -> str:
    """Return what shows the certificate by hand."""
    starttls = " -starttls ldap" if endpoint.security is LdapSecurity.STARTTLS else ""
    where = shlex.quote(f"{endpoint.address}:{endpoint.port}")
    shown = "-noout -subject -issuer -dates -ext subjectAltName"
    return f"openssl s_client -connect {where}{starttls} </dev/null | openssl x509 {shown}"


def _login_line(endpoint: LdapEndpoint) -> str:
    """Return what asks the directory by hand who we are; it asks for the password itself."""
    scheme = "ldaps" if endpoint.security is LdapSecurity.LDAPS else "ldap"
    starttls = " -ZZ" if endpoint.security is LdapSecurity.STARTTLS else ""
    user = shlex.quote(endpoint.user)
    return f"ldapwhoami -H {scheme}://{shlex.quote(endpoint.address)}:{endpoint.port}{starttls} -x -D {user} -W"
