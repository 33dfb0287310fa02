"""What runs on the target to see packet filter rules: those that the kernel holds, and the files for the next boot.

The kernel's answer comes in parts, each after a line ``=<word> …``; `=end` closes. A program is started only where
the kernel has something for it to say: asking would otherwise load the module.
"""

from __future__ import annotations

from hardening.probes.listing import Source, build_listing

# In /proc/net/route flag 1 is "up"; a default route of IPv6 through `lo` is the kernel's way to say "none".
KERNEL = r"""
if [ ! -d "/proc/sys/kernel$hardening_at_rest" ]; then printf '=none\n=end\n'; exit 0; fi
for f in /sys/class/net/*; do
  flags=
  [ ! -r "$f/flags" ] || read -r flags <"$f/flags" || :
  [ -z "$flags" ] || printf '=interface %s %s\n' "$flags" "${f##*/}"
done
if [ -r /proc/net/route ]; then
  while read -r name to way flags rest; do
    [ "$to" != 00000000 ] || printf '=route %s\n' "$name"
  done </proc/net/route
fi
if [ -r /proc/net/ipv6_route ]; then
  while read -r to length from length2 way metric count use flags name rest; do
    case $length$to in 00000000000000000000000000000000*[!0]*) ;;
    0000000000000000000000000000000000) [ "$name" = lo ] || printf '=route %s\n' "$name" ;;
    esac
  done </proc/net/ipv6_route
fi
if [ ! -O /proc/sys/kernel ] || [ ! -O / ]; then printf '=refused\n=end\n'; exit 0; fi
loaded=open
if [ -d /sys/module/nf_tables ]; then loaded=yes
elif [ -r /proc/modules ] && read -r x x release x </proc/version; then
  builtin=/lib/modules/$release/modules.builtin
  [ ! -r "$builtin" ] || loaded=no
  [ ! -r "$builtin" ] || while read -r name rest; do
    case $name in */nf_tables.ko) loaded=yes ;; esac
  done <"$builtin"
fi
printf '=nf_tables %s\n' "$loaded"
said=
if [ "$loaded" != no ]; then
  if command -v nft >/dev/null; then
    if said=$(nft -s -t list ruleset) || said=$(nft list ruleset); then printf '=nft 0\n%s\n' "$said"
    else printf '=nft 1\n'; fi
  else
    printf '=nft missing\n'
  fi
fi
for family in ip ip6; do
  tables=
  [ ! -r "/proc/net/${family}_tables_names" ] || read -r tables <"/proc/net/${family}_tables_names" || :
  if [ "$tables" ]; then
    program=
    for name in "${family}tables-legacy-save" "${family}tables-save"; do
      [ "$program" ] || ! command -v "$name" >/dev/null || program=$name
    done
    case $program in
      ip6tables-legacy-save) rules=$(ip6tables-legacy-save) ;;
      ip6tables-save) rules=$(ip6tables-save) ;;
      iptables-legacy-save) rules=$(iptables-legacy-save) ;;
      iptables-save) rules=$(iptables-save) ;;
      *) rules= ;;
    esac
    printf '=legacy %s %s\n%s\n' "$family" "${program:-missing}" "$rules"
  fi
  case $said in
    *"table $family "*"xt target"*|*"table $family "*"xt match"*|*"table $family "*[!a-z]'# '*)
      case $family in
        ip6) rules=$(ip6tables-nft-save) || rules= ;;
        ip) rules=$(iptables-nft-save) || rules= ;;
      esac
      [ -z "$rules" ] || printf '=saved %s\n%s\n' "$family" "$rules"
      ;;
  esac
done
printf '=end\n'
""".lstrip("\n")

UNITS = ("ufw", "firewalld", "nftables", "netfilter-persistent", "iptables", "ip6tables")
FOLDERS = ("/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
SYSTEMD = (Source("/usr/lib/systemd/systemd"), Source("/lib/systemd/systemd"))
LINKS = {
    unit: tuple(
        Source(f"{folder}/*.{kind}/{unit}.service", pattern=True)
        for folder in ("/etc/systemd/system", "/usr/lib/systemd/system")
        for kind in ("wants", "requires")
    )
    for unit in UNITS
}
UNIT_FILES = {unit: tuple(Source(f"{folder}/{unit}.service") for folder in FOLDERS) for unit in UNITS}
NFT_FILES = (
    Source("/etc/nftables.conf"),
    Source("/etc/sysconfig/nftables.conf"),
    Source("/etc/nftables/*", pattern=True),
    Source("/etc/nftables/*/*", pattern=True),
    Source("/etc/nftables.d/*", pattern=True),
)
SAVED = {
    "netfilter-persistent": (("ip", Source("/etc/iptables/rules.v4")), ("ip6", Source("/etc/iptables/rules.v6"))),
    "iptables": (("ip", Source("/etc/sysconfig/iptables")),),
    "ip6tables": (("ip6", Source("/etc/sysconfig/ip6tables")),),
}
UFW_SWITCH = Source("/etc/ufw/ufw.conf")
UFW_DEFAULTS = Source("/etc/default/ufw")
UFW_RULES = {"ip": Source("/etc/ufw/user.rules"), "ip6": Source("/etc/ufw/user6.rules")}
FIREWALLD = Source("/etc/firewalld/firewalld.conf")
ZONES = (Source("/etc/firewalld/zones/*.xml", pattern=True), Source("/usr/lib/firewalld/zones/*.xml", pattern=True))

SOURCES = (
    *SYSTEMD,
    *(source for sources in LINKS.values() for source in sources),
    *(source for sources in UNIT_FILES.values() for source in sources),
    *NFT_FILES,
    *(source for pairs in SAVED.values() for _, source in pairs),
    UFW_SWITCH,
    UFW_DEFAULTS,
    *UFW_RULES.values(),
    FIREWALLD,
    *ZONES,
)


def build_files_script() -> str:
    """Return the script that lists what starts firewalls at boot and prints the files that they read."""
    keep = '; case $seen$f in f*/systemd|f*.wants/*|f*.requires/*) ;; f*) set -- "$@" "$f" ;; esac'
    return f"""set --
{build_listing(SOURCES, each=keep)}status=0
[ $# = 0 ] || grep -a -n '' /dev/null "$@" || status=$?
printf '=end %s\\n' "$status"
"""
