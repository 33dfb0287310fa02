"""The baseline for Active Directory against the lab's domains: a table of what is seeded and which check finds it.

``SEEDED`` is what the Samba domain holds, ``RECORDED`` what Samba cannot hold and the recorded domain of
`tests/app/active_directory` holds in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.content.shipped import load_shipped
from tests.lab.directory.conftest import StartDirectory
from tests.lab.directory.servers import Directory
from tests.lab.scans import SUDO_PASSWORD, Run, Scans

MOST_SEARCHES = 25

WHOLE = frozenset({""})
"""A gap of the domain as a whole, not of an object in it."""

# check: the first names of the objects that it must find, and no others.
SEEDED: Mapping[str, frozenset[str]] = {
    "ad-anonymous-bind": WHOLE,
    "ad-asrep-roast": frozenset({"CN=asrep"}),
    "ad-computer-pwd-age": frozenset({"CN=FIL-01"}),
    "ad-cs-esc1": frozenset({"CN=KommuneBruker"}),
    "ad-cs-esc4": frozenset({"CN=malendrer"}),
    "ad-delegation-constrained-dc": frozenset({"CN=svc-proxy"}),
    "ad-delegation-constrained-t2a4d": frozenset({"CN=svc-proxy"}),
    "ad-delegation-unconstrained": frozenset({"CN=FIL-01", "CN=svc-web"}),
    "ad-des-enabled": frozenset({"CN=des"}),
    "ad-dsheuristics-anonymous": WHOLE,
    "ad-dsheuristics-ldap-auth": WHOLE,
    "ad-dsheuristics-ldap-auth-owner": WHOLE,
    "ad-gpo-rights": frozenset({"CN=policyredigerer"}),
    "ad-kerberoast-users": frozenset(
        {'CN=SQL\\, \\"gammel\\" \u202etjeneste', "CN=dns-dc-01", "CN=svc-proxy", "CN=svc-web"}
    ),
    "ad-krbtgt-age": frozenset({"CN=krbtgt"}),
    "ad-laps-coverage": frozenset({"CN=FIL-01"}),
    "ad-lockout-policy": WHOLE,
    "ad-ldaps-tls": WHOLE,
    "ad-machine-account-quota": WHOLE,
    "ad-priv-admincount-orphans": frozenset({"CN=tidligere"}),
    "ad-priv-adminsdholder-acl": frozenset({"CN=asrep"}),
    "ad-priv-dcsync": frozenset({"CN=flyttet"}),
    "ad-priv-domain-root-acl": frozenset({"CN=asrep", "CN=ouansvarlig"}),
    "ad-priv-inactive": frozenset({"CN=sovende"}),
    "ad-priv-not-delegated": frozenset({"CN=Admin Stier", "CN=Administrator", "CN=sovende", "CN=svc-web"}),
    "ad-priv-paths": frozenset(
        {
            *("CN=asrep", "CN=flyttet", 'CN=Hansen\\, \\"Kari\\" \\<b\\>\u202eirak', "CN=alt", "CN=eier"),
            *("CN=hjelper", "CN=lenker", "CN=malendrer", "CN=melder", "CN=ouansvarlig", "CN=overtaker"),
            *("CN=passord", "CN=policyredigerer", "CN=rettighet"),
        }
    ),
    "ad-priv-paths-everybody": frozenset({"Authenticated Users (S-1-5-11)"}),
    "ad-priv-protected-acl": frozenset({"CN=asrep"}),
    "ad-priv-protected-users": frozenset({"CN=Admin Stier", "CN=sovende"}),
    "ad-priv-service-accounts": frozenset({"CN=svc-web"}),
    "ad-pwd-in-attributes": frozenset({"CN=beskrivelse"}),
    "ad-pwd-never-expires": frozenset({'CN=SQL\\, \\"gammel\\" \u202etjeneste', "CN=des"}),
    "ad-pwd-not-required": frozenset({"CN=tom"}),
    "ad-pwd-reversible": frozenset({"CN=reversibel"}),
    "ad-pwpolicy-complexity": WHOLE,
    "ad-pwpolicy-complexity-reversible": WHOLE,
    "ad-pwpolicy-history": WHOLE,
    "ad-pwpolicy-length": WHOLE,
    "ad-stale-os": frozenset({"CN=FIL-01"}),
    "ad-stale-sid-history": frozenset({"CN=flyttet"}),
    "ad-stale-sid-history-dangerous": frozenset({"CN=flyttet"}),
    "ad-stale-users": frozenset({"CN=sovende"}),
    "ad-trust-aes": frozenset({"CN=partner.test"}),
    "ad-trust-sid-filter": frozenset({"CN=partner.test"}),
}

# Samba has no such thing, keeps it elsewhere, or lets nobody set it: a second controller, the recycle bin, LAPS in its
# schema, redirected containers, levels above 2008 R2 as it is made here, rules for smart cards, zones without its DNS.
ALWAYS_OPEN = frozenset(
    {
        "ad-default-containers",
        "ad-default-containers-computers",
        "ad-enough-dcs",
        "ad-functional-level",
        "ad-recycle-bin",
        "ad-smartcard-expire",
    }
)

# What Samba cannot hold, or what an ordinary account does not see: seeded in the recorded domain.
RECORDED = ALWAYS_OPEN | {
    line.partition("\t")[0]
    for line in (Path(__file__).parents[2] / "app/active_directory/seeded.tsv").read_text("utf-8").splitlines()
}

# Of the session itself, found by tests of their own: test_sessions.py.
OBSERVED = frozenset(
    {
        *("ad-anonymous-bind", "ad-ldap-channel-binding", "ad-ldap-signing", "ad-ldaps-tls", "ad-ldaps-tls-cert"),
        *("ad-ldaps-tls-cert-key", "ad-ldaps-tls-cert-signature"),
    }
)

HIDDEN = frozenset({"ad-fgpp-weaker", "ad-dns-zone-updates", "ad-ldap-channel-binding"})
"""What an ordinary account does not see: fine-grained policies, zones where there are none, and what Samba says to a
login that is not bound to TLS, for it closes the connection."""


@pytest.fixture(scope="module")
def runs(scans: Scans, directory: StartDirectory) -> Mapping[str, Run]:
    """Return the whole baseline on both domains, as an ordinary account, as an administrator and as nobody."""
    seeded, clean = directory("dc-seeded"), directory("dc-clean")
    return {
        "seeded": _scan(scans, seeded, "--user", seeded.user, "--password-from", f"env:{SUDO_PASSWORD}"),
        "clean": _scan(scans, clean, "--user", clean.user, "--password-from", f"env:{SUDO_PASSWORD}"),
        "admin": _scan(scans, clean, "--user", clean.admin, "--password-from", f"env:{SUDO_PASSWORD}"),
        "nobody": _scan(scans, seeded, "--auth", "anonymous"),
        "nobody of clean": _scan(scans, clean, "--auth", "anonymous"),
    }


def _scan(scans: Scans, server: Directory, *login: str) -> Run:
    where = (f"ldaps://{server.address}", *login, "--ca-file", str(server.ca_file))
    return scans.run("scan", *where, "-b", "active-directory:extended", "-o", "json=-")


def _results(run: Run) -> Mapping[str, Mapping[str, Any]]:
    return {result["check"]: result for result in run.report["results"]}


def _first_name(key: str) -> str:
    """Return the first name of the first object that a key names."""
    return key.partition(" → ")[0].replace("\\,", "\0").partition(",")[0].replace("\0", "\\,")


def _found(run: Run) -> Mapping[str, frozenset[str]]:
    return {
        check: frozenset(map(_first_name, result["failed_keys"])) or WHOLE
        for check, result in _results(run).items()
        if result["outcome"] == "fail"
    }


def test_every_seeded_weakness_is_found_and_nothing_else(runs: Mapping[str, Run]) -> None:
    found = _found(runs["seeded"])
    assert {check: found[check] for check in found if check not in ALWAYS_OPEN} == SEEDED


def test_none_of_them_is_found_in_the_clean_domain(runs: Mapping[str, Run]) -> None:
    assert set(_found(runs["clean"])) == ALWAYS_OPEN


def test_every_check_of_the_baseline_stands_in_a_table() -> None:
    baseline = load_shipped().baselines["active-directory"]
    named = {check for control in baseline.controls for check in control.checks}
    assert named - set(SEEDED) - RECORDED - OBSERVED == set()


def test_what_an_ordinary_account_does_not_see_is_an_error(runs: Mapping[str, Run]) -> None:
    results = _results(runs["clean"])
    assert {check for check, result in results.items() if result["outcome"] == "error"} == HIDDEN
    assert "needs read on the container and all policies in it" in results["ad-fgpp-weaker"]["note"]
    assert _results(runs["admin"])["ad-fgpp-weaker"]["outcome"] == "pass"


@pytest.mark.parametrize("name", ["nobody", "nobody of clean"])
def test_who_has_not_logged_in_gets_no_pass_but_for_the_session(runs: Mapping[str, Run], name: str) -> None:
    passed = {check for check, result in _results(runs[name]).items() if result["outcome"] == "pass"}
    assert passed <= OBSERVED


def test_the_whole_baseline_takes_few_searches(runs: Mapping[str, Run]) -> None:
    (target,) = runs["seeded"].report["targets"]
    assert len(target["steps"]) <= MOST_SEARCHES


def test_gaps_tell_which_accounts_are_in_use(runs: Mapping[str, Run]) -> None:
    reason = _results(runs["seeded"])["ad-stale-users"]["reasons"][0]
    told = {each["field"]: each["seen"] for each in reason["told"]}
    assert (told["enabled"]["value"], told["last_logon"]["state"]) == (True, "known")


def test_the_report_tells_the_ways_to_the_administrators(runs: Mapping[str, Run]) -> None:
    (seeded,) = runs["seeded"].report["control_paths"]
    (clean,) = runs["clean"].report["control_paths"]
    assert (seeded["found"], clean["found"], clean["paths"]) == (16, 0, [])
