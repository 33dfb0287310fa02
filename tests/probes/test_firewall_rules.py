"""What becomes of a packet that no rule names, by rules as nft and iptables say them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.probes.firewall_iptables import parse_saved
from hardening.probes.firewall_nft import NftProblem, parse_nft, parse_nft_file
from hardening.probes.firewall_rules import Chain, Packet, Rule, Table, Verdict, count_rules, follow


def _packet(*, family: str = "ipv4", protocol: str = "tcp", interface: str = "eth0") -> Packet:
    return Packet(family=family, protocol=protocol, interface=interface)


def _tables(text: str) -> list[Table]:
    tables = parse_nft(text)
    assert not isinstance(tables, NftProblem)
    return tables


def _input(rules: str, policy: str = "accept", more: str = "") -> str:
    return f"""table inet filter {{
	chain input {{
		type filter hook input priority filter; policy {policy};
		{rules}
	}}
	{more}
}}
"""


def _fate(rules: str, policy: str = "accept", more: str = "", packet: Packet | None = None) -> str:
    return follow(_tables(_input(rules, policy, more)), packet or _packet()).outcome


def _saved(*lines: str, policy: str = "ACCEPT") -> list[Table]:
    tables = parse_saved("\n".join(["*filter", f":INPUT {policy} [0:0]", *lines, "COMMIT", ""]), "ip")
    assert not isinstance(tables, str)
    return tables


def _saved_fate(*lines: str, policy: str = "ACCEPT", packet: Packet | None = None) -> str:
    return follow(_saved(*lines, policy=policy), packet or _packet()).outcome


@pytest.mark.parametrize(
    ("rules", "policy", "outcome"),
    [
        ("", "accept", "accept"),
        ("", "drop", "drop"),
        ("drop", "accept", "drop"),
        ("counter packets 0 bytes 0 drop", "accept", "drop"),
        ("counter reject with icmpx admin-prohibited", "accept", "reject"),
        ('log prefix "a { drop" level info flags tcp options drop', "accept", "drop"),
        ("accept\n\t\tdrop", "drop", "accept"),
        ("return\n\t\tdrop", "accept", "accept"),
        ("tcp dport 22 accept", "drop", "drop"),
        ("tcp dport { 22, 80, 443 } accept", "drop", "drop"),
        ("tcp dport 1-65535 accept", "drop", "accept"),
        ("tcp dport 1024-65535 accept", "drop", "accept"),
        ("tcp dport > 1023 accept", "drop", "accept"),
        ("tcp dport < 1024 accept", "drop", "drop"),
        ("tcp dport != 22 accept", "drop", "accept"),
        ("udp dport 1-65535 accept", "drop", "drop"),
        ("meta l4proto tcp accept", "drop", "accept"),
        ("meta l4proto { tcp, udp } th dport 53 accept", "drop", "drop"),
        ("ip protocol 6 accept", "drop", "accept"),
        ("ip6 nexthdr tcp accept", "drop", "drop"),
        ("meta nfproto ipv6 accept", "drop", "drop"),
        ("ct state established,related accept", "drop", "drop"),
        ("ct state { established, related } accept", "drop", "drop"),
        ("ct state { new, untracked } accept", "drop", "accept"),
        ("ct state 0x8 accept", "drop", "accept"),
        ("ct state != established drop", "accept", "drop"),
        ("ct state vmap { invalid : drop, established : accept }", "accept", "accept"),
        ("ct state vmap { new : drop, established : accept }", "accept", "drop"),
        ("ct state vmap { established : accept, * : drop }", "accept", "drop"),
        ("ct status dnat accept", "drop", "drop"),
        ("ct direction original accept", "drop", "accept"),
        ("ct count over 3 reject", "accept", "accept"),
        ("ip saddr 10.0.0.0/8 accept", "drop", "drop"),
        ("ip saddr != 10.0.0.0/8 drop", "accept", "drop"),
        ("ip saddr @good accept", "drop", "drop"),
        ("ip saddr 0.0.0.0/0 accept", "drop", "accept"),
        ("ip6 saddr ::/0 accept", "drop", "drop"),
        ("ip daddr 224.0.0.251 accept", "drop", "drop"),
        ("ip daddr 192.0.2.1 accept", "drop", "open"),
        ("ip daddr 192.0.2.1 tcp dport 22 accept", "drop", "drop"),
        ("ip saddr . tcp dport { 192.0.2.1 . 22 } accept", "drop", "drop"),
        ('iif "lo" accept', "drop", "drop"),
        ('iifname "eth*" accept', "drop", "accept"),
        ('iifname { "eth1", "eth2" } accept', "drop", "drop"),
        ('iifname != "lo" drop', "accept", "drop"),
        ("iifname @inside accept", "drop", "open"),
        ('iifname vmap { "lo" : accept, "eth0" : drop }', "accept", "drop"),
        ("iifname vmap @zones", "accept", "open"),
        ("tcp dport vmap @services", "drop", "drop"),
        ("iifgroup 1 accept", "drop", "open"),
        ("fib daddr type local accept", "drop", "accept"),
        ("fib daddr . iif type != { local, broadcast, multicast } drop", "accept", "accept"),
        ("fib saddr . iif oif missing drop", "accept", "accept"),
        ("meta pkttype { broadcast, multicast } accept", "drop", "drop"),
        ("meta pkttype host accept", "drop", "accept"),
        ("tcp flags syn / fin,syn,rst,ack accept", "drop", "accept"),
        ("tcp flags & (fin | syn | rst | ack) == syn accept", "drop", "accept"),
        ("tcp flags & (fin | syn | rst | ack) != syn drop", "accept", "accept"),
        ("tcp flags & (fin | syn) == (fin | syn) drop", "accept", "accept"),
        ("ip frag-off & 8191 != 0 drop", "accept", "accept"),
        ("rt type 0 drop", "accept", "accept"),
        ("icmp type echo-request accept", "drop", "drop"),
        ("limit rate 5/second burst 5 packets accept", "drop", "accept"),
        ("limit rate over 10 mbytes/second drop", "accept", "accept"),
        ("tcp dport 22 add @seen { ip saddr limit rate 3/minute } accept", "drop", "drop"),
        ("meter y { timeout 60s limit rate over 5/minute } drop", "accept", "accept"),
        ("update @seen { ip saddr timeout 1m } drop", "accept", "drop"),
        ("meta mark 0x00000001 accept", "drop", "drop"),
        ("meta mark set 0x1 accept", "drop", "accept"),
        ("meta mark set mark | 0x1 accept", "drop", "accept"),
        ("meta random & 2147483647 < 1073741824 drop", "accept", "open"),
        ('meta hour "10:00"-"11:00" accept', "drop", "open"),
        ("numgen inc mod 2 0 accept", "drop", "open"),
        ("@th,16,16 22 accept", "drop", "open"),
        ("queue num 1", "drop", "open"),
        ('xt match "comment" accept', "drop", "accept"),
        ('xt match "set" accept', "drop", "drop"),
        ('xt match "bpf" accept', "drop", "open"),
        ('xt target "TARPIT"', "accept", "open"),
        ("# recent: SET name: x counter", "drop", "drop"),
        ("# recent: CHECK name: x counter accept", "drop", "drop"),
        ("# geoip counter accept", "drop", "open"),
        ("something unknown accept", "drop", "open"),
        ("something unknown drop", "drop", "drop"),
        ("jump nowhere", "drop", "open"),
        ("jump {\n\t\t\tdrop\n\t\t}", "accept", "drop"),
    ],
)
def test_rules_of_nft_decide_as_the_kernel_does(rules: str, policy: str, outcome: str) -> None:
    assert _fate(rules, policy) == outcome


@pytest.mark.parametrize(
    ("rules", "outcome"),
    [
        ("jump other\n\t\tdrop", "drop"),
        ("goto other\n\t\tdrop", "accept"),
        ("tcp dport 22 goto other\n\t\tdrop", "drop"),
    ],
)
def test_a_jump_comes_back_and_a_goto_does_not(rules: str, outcome: str) -> None:
    assert _fate(rules, more="chain other {\n\t\ttcp dport 22 accept\n\t}") == outcome


def test_a_drop_behind_a_jump_counts() -> None:
    assert _fate("jump other", more="chain other {\n\t\tdrop\n\t}") == "drop"


def test_chains_that_jump_in_a_circle_end() -> None:
    assert _fate("jump a", more="chain a {\n\t\tjump b\n\t}\n\tchain b {\n\t\tjump a\n\t}") == "open"


def test_every_base_chain_must_let_the_packet_through() -> None:
    text = _input("accept") + _input("", "drop").replace("filter {", "second {", 1)
    assert follow(_tables(text), _packet()).outcome == "drop"


def test_prerouting_may_deny_as_well() -> None:
    text = _input("accept").replace("hook input", "hook prerouting")
    assert follow(_tables(text.replace("accept\n", "drop\n")), _packet()).outcome == "drop"


@pytest.mark.parametrize(("family", "outcome"), [("ipv4", "drop"), ("ipv6", "none")])
def test_a_table_of_ip_says_nothing_of_ipv6(family: str, outcome: str) -> None:
    text = _input("", "drop").replace("table inet", "table ip")
    assert follow(_tables(text), _packet(family=family)).outcome == outcome


@pytest.mark.parametrize("table", ["bridge", "arp"])
def test_tables_of_other_families_do_not_count(table: str) -> None:
    assert follow(_tables(_input("", "drop").replace("inet", table)), _packet()).outcome == "none"


def test_a_dormant_table_does_not_count() -> None:
    text = _input("", "drop").replace("filter {\n", "filter {\n\tflags dormant\n", 1)
    assert follow(_tables(text), _packet()).outcome == "none"


@pytest.mark.parametrize(("interface", "outcome"), [("eth0", "drop"), ("eth1", "none")])
def test_ingress_counts_on_its_device(interface: str, outcome: str) -> None:
    text = 'table netdev x {\n chain i {\n type filter hook ingress device "eth0" priority 0; policy drop;\n }\n}\n'
    assert follow(_tables(text), _packet(interface=interface)).outcome == outcome


def test_rules_are_counted_where_a_packet_may_come_by() -> None:
    text = _input("jump other\n\t\tdrop", "drop", "chain other {\n\t\taccept\n\t}\n\tchain alone {\n\t\tdrop\n\t}")
    assert count_rules(_tables(text), "ipv4") == 4


def test_an_empty_chain_filters_nothing() -> None:
    assert count_rules(_tables(_input("")), "ipv4") == 0


def test_sets_and_objects_are_no_chains() -> None:
    text = "table ip t {\n set s {\n type ipv4_addr\n elements = { 192.0.2.1,\n 192.0.2.2 }\n }\n counter c {\n }\n}\n"
    assert _tables(text)[0].chains == {}


@pytest.mark.parametrize(
    ("lines", "policy", "outcome"),
    [
        ((), "DROP", "drop"),
        (("-A INPUT -j DROP",), "ACCEPT", "drop"),
        (("[3:4] -A INPUT -j REJECT --reject-with icmp-port-unreachable",), "ACCEPT", "reject"),
        (("-A INPUT -i lo -j ACCEPT",), "DROP", "drop"),
        (("-A INPUT -i eth+ -j ACCEPT",), "DROP", "accept"),
        (("-A INPUT ! -i lo -j DROP",), "ACCEPT", "drop"),
        (("-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT",), "DROP", "drop"),
        (("-A INPUT -p tcp -m tcp --dport 1:65535 -j ACCEPT",), "DROP", "accept"),
        (("-A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT",), "DROP", "drop"),
        (("-A INPUT -p udp -j ACCEPT",), "DROP", "drop"),
        (("-A INPUT -p 6 -j ACCEPT",), "DROP", "accept"),
        (("-A INPUT -m state --state NEW -j ACCEPT",), "DROP", "accept"),
        (("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",), "DROP", "drop"),
        (("-A INPUT -m conntrack ! --ctstate INVALID -j ACCEPT",), "DROP", "accept"),
        (("-A INPUT -s 192.0.2.0/24 -j ACCEPT",), "DROP", "drop"),
        (("-A INPUT ! -s 192.0.2.0/24 -j DROP",), "ACCEPT", "drop"),
        (("-A INPUT -d 192.0.2.1/32 -j ACCEPT",), "DROP", "open"),
        (("-A INPUT -d 255.255.255.255/32 -j ACCEPT",), "DROP", "drop"),
        (("-A INPUT -m addrtype --dst-type LOCAL -j ACCEPT",), "DROP", "accept"),
        (('-A INPUT -m comment --comment "say \\"-j DROP\\"" -j ACCEPT',), "DROP", "accept"),
        (("-A INPUT -m limit --limit 3/min -j LOG --log-prefix x", "-A INPUT -j DROP"), "ACCEPT", "drop"),
        (("-A INPUT -j RETURN -m limit --limit 3/min", "-A INPUT -j DROP"), "ACCEPT", "accept"),
        (("-A INPUT -m recent --rcheck --seconds 60 --name x --rsource -j ACCEPT",), "DROP", "drop"),
        (("-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT",), "DROP", "accept"),
        (("-A INPUT -p tcp -m connlimit --connlimit-above 3 -j REJECT",), "ACCEPT", "accept"),
        (("-A INPUT -m set --match-set bad src -j DROP",), "ACCEPT", "accept"),
        (("-A INPUT -m mark --mark 0x1 -j ACCEPT",), "DROP", "drop"),
        (("-A INPUT -m time --timestart 10:00:00 -j ACCEPT",), "DROP", "open"),
        (("-A INPUT -j NFQUEUE --queue-num 0",), "DROP", "open"),
        (("-A INPUT -j SOMETHING",), "DROP", "open"),
        ((":X - [0:0]", "-A X -j DROP", "-A INPUT -j X"), "ACCEPT", "drop"),
        ((":X - [0:0]", "-A X -s 192.0.2.1 -j ACCEPT", "-A INPUT -g X", "-A INPUT -j DROP"), "ACCEPT", "accept"),
        (("-A INPUT -j DROP", "-I INPUT -j ACCEPT"), "ACCEPT", "accept"),
    ],
)
def test_rules_of_iptables_decide_as_the_kernel_does(lines: tuple[str, ...], policy: str, outcome: str) -> None:
    assert _saved_fate(*lines, policy=policy) == outcome


def test_rules_of_ip6tables_say_nothing_of_ipv4() -> None:
    tables = parse_saved("*filter\n:INPUT DROP [0:0]\nCOMMIT\n", "ip6")
    assert not isinstance(tables, str)
    assert follow(tables, _packet()).outcome == "none"


@pytest.mark.parametrize("text", ["*filter\n:INPUT DROP [0:0]\n", "-A INPUT -j DROP\n", "*filter\n-X INPUT\nCOMMIT\n"])
def test_a_saved_file_that_is_not_whole_is_refused(text: str) -> None:
    assert isinstance(parse_saved(text, "ip"), str)


def test_the_table_nat_filters_nothing() -> None:
    tables = parse_saved("*nat\n:PREROUTING DROP [0:0]\n:INPUT DROP [0:0]\nCOMMIT\n", "ip")
    assert not isinstance(tables, str)
    assert follow(tables, _packet()).outcome == "none"


@pytest.mark.parametrize(
    "text",
    [
        "#!/usr/sbin/nft -f\nflush ruleset\n" + _input("tcp dport 22 accept # ssh\n drop"),
        'define wan = "eth0" # outside\n' + _input("iifname $wan drop"),
        "add table inet t\nadd chain inet t i { type filter hook input priority 0; policy drop; }\n",
        "table t {\n chain i {\n type filter hook input priority 0\n policy drop\n }\n}\n",
        "add table ip t\nadd chain t i { type filter hook input priority 0; }\nadd rule t i counter drop\n",
        _input("tcp dport 22 \\\n accept\n drop"),
        _input("accept") + "flush ruleset\n" + _input("drop"),
        _input("accept") + "delete table inet filter\n" + _input("drop"),
    ],
)
def test_files_for_nft_are_read_as_nft_does(text: str) -> None:
    parsed = parse_nft_file(text)
    assert not isinstance(parsed, NftProblem)
    assert follow(parsed[0], _packet()).outcome == "drop"


def test_a_file_for_nft_names_what_it_includes() -> None:
    parsed = parse_nft_file('include "/etc/nftables.d/*.nft"\n')
    assert parsed == ([], ["/etc/nftables.d/*.nft"])


def test_a_command_that_is_not_known_is_a_problem() -> None:
    assert parse_nft_file("replace rule inet t i handle 1 drop\n") == NftProblem(
        "not understood: replace rule inet t i handle 1 drop"
    )


_PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "table",
                "inet",
                "ip",
                "filter",
                "{",
                "}",
                "(",
                ")",
                ";",
                "\n",
                "chain",
                "input",
                "type",
                "hook",
                "policy",
            ),
            *(
                "tcp",
                "dport",
                "ct",
                "state",
                "vmap",
                "@s",
                ":",
                ",",
                ".",
                "&",
                "==",
                "!=",
                "1-2",
                "over",
                "limit",
                "rate",
            ),
            *(
                "jump",
                "goto",
                "a",
                "drop",
                "accept",
                "counter",
                "log",
                "prefix",
                '"',
                "#",
                "/",
                "meta",
                "set",
                "fib",
                "xt",
            ),
            *(
                "define",
                "include",
                "$a",
                "=",
                "-A",
                "INPUT",
                "-j",
                "-m",
                "!",
                "*filter",
                ":INPUT",
                "DROP",
                "COMMIT",
                "\\\n",
            ),
        ]
    ),
    max_size=30,
).map(" ".join)


@given(_PIECES)
def test_any_text_is_read_without_failing(text: str) -> None:
    parsed = parse_nft(text), parse_nft_file(text), parse_nft(_input(text)), parse_saved(text, "ip")
    assert len(parsed) == 4


@given(_PIECES)
def test_any_rules_lead_to_a_known_fate(text: str) -> None:
    tables = parse_nft(_input(text))
    fate = "none" if isinstance(tables, NftProblem) else follow(tables, _packet()).outcome
    assert fate in {"drop", "reject", "accept", "none", "open"}


def test_a_deep_row_of_jumps_ends() -> None:
    chains = {f"c{n}": Chain(f"c{n}", [Rule((), Verdict.JUMP, f"c{n + 1}")]) for n in range(500)}
    base = Chain("i", [Rule((), Verdict.JUMP, "c0")], "filter", "input")
    assert follow([Table("inet", "t", {"i": base, **chains})], _packet()).outcome == "open"
