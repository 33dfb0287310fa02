"""What runs on the target to see which security updates are known there: the package database beside cached lists.

Nothing is refreshed, and no package tool is started that could write a cache: lists that apt and dnf have fetched are
read as they lie. Rows are a word and what belongs to it, with tabs between; `=lists <manager>`
stands before them, `=end <status>` closes.
"""

from __future__ import annotations

STEP_NAME = "updates"

# Names of lists, and of packages whose running version matters, are the distribution's own.
_KERNEL = r"""
tab='	'
for file in /run/reboot-required /var/run/reboot-required; do
  [ ! -e "$file" ] || printf 'reboot\t%s\n' "$file"
done
line=
[ ! -r /proc/sys/kernel/osrelease ] || IFS= read -r line </proc/sys/kernel/osrelease
[ ! "$line" ] || printf 'running\t%s\n' "$line"
line=
if [ -r /proc/version_signature ]; then IFS= read -r line </proc/version_signature
elif [ -r /proc/version ]; then IFS= read -r line </proc/version
fi
[ ! "$line" ] || printf 'build\t%s\n' "$line"
now=$(date +%s) && printf 'now\t%s\n' "$now"
"""

# The lists of a release belong to it by the beginning of their names; its head says what it is.
_APT = r"""
read_apt() {
  printf '=lists apt\n'
  stat -L -c "stamp$tab%Y$tab%n" /var/lib/apt/lists /var/lib/apt/periodic/update-success-stamp \
    /var/lib/apt/periodic/update-stamp 2>/dev/null
  set -- /var/lib/dpkg/status
  packed=
  for file in /var/lib/apt/lists/*_InRelease /var/lib/apt/lists/*_Release; do
    [ -f "$file" ] || continue
    if [ ! -r "$file" ]; then printf 'refused\t%s\n' "$file"; continue; fi
    security=
    while IFS= read -r line; do
      case $line in
        Label:*[Ss]ecurity*|Suite:*-security|Codename:*-security) security=1 ;;
        MD5Sum:*|SHA1:*|SHA256:*|SHA512:*) break ;;
      esac
    done <"$file"
    [ "$security" ] || continue
    for list in "${file%_*}"_*_Packages "${file%_*}"_*_Packages.[a-z]*; do
      [ -f "$list" ] || continue
      if [ ! -r "$list" ]; then printf 'refused\t%s\n' "$list"; continue; fi
      case $list in *_Packages) ;; *) packed=1 ;; esac
      printf 'list\t%s\n' "${list##*/}"
      set -- "$@" "$list"
    done
  done
  [ -r /var/lib/dpkg/status ] || { printf 'refused\t/var/lib/dpkg/status\n'; return 1; }
  if [ "$packed" ]; then
    { /usr/lib/apt/apt-helper cat-file "$@"; printf '\n=read %s\n' "$?"; } | awk '{compare}'
  else
    awk '{compare}' "$@"
  fi
}
"""

_COMPARE = r"""
function stanza(  key) {
  if (name != "") {
    if (state != "") {
      if (state ~ / installed$/ || state ~ / triggers-awaited$/ || state ~ / triggers-pending$/) {
        have[name ":" arch] = version
        if (name ~ /^linux-image-(unsigned-)?[0-9]/) print "kernel\t" name "\t" version
      }
    } else {
      key = name ":" arch
      if (!(key in have)) key = name ":all"
      if (key in have && have[key] != version) print "update\t" name "\t" arch "\t" have[key] "\t" version
    }
  }
  name = state = version = arch = ""
}
/^Package: / { stanza(); name = $2; next }
/^Status: / { state = $0; next }
/^Version: / { version = $2; next }
/^Architecture: / { arch = $2; next }
/^=read / { print; next }
/^$/ { stanza() }
END { stanza(); print "compared\t" }
"""

# Advisories of module streams count where the stream is enabled.
_DNF = r"""
read_dnf() {
  printf '=lists dnf\n'
  plain= gz= xz= zst=
  set --
  for file in /var/cache/dnf/*/repodata/*updateinfo.xml* /var/cache/libdnf5/*/repodata/*updateinfo.xml* \
    /var/cache/yum/*/*/*/*updateinfo.xml*; do
    [ -f "$file" ] || continue
    case $file in *[!A-Za-z0-9_./:+@-]*) printf 'refused\t%s\n' "$file"; continue ;; esac
    if [ ! -r "$file" ]; then printf 'refused\t%s\n' "$file"; continue; fi
    case $file in
      *.gz) gz="$gz $file" ;;
      *.xz) xz="$xz $file" ;;
      *.zst) zst="$zst $file" ;;
      *.xml) plain="$plain $file" ;;
      *) printf 'refused\t%s\n' "$file"; continue ;;
    esac
    file=${file%/*}
    printf 'list\t%s\n' "${file%/repodata}"
    for list in "$file"/*primary.xml* "$file"/repomd.xml; do
      [ ! -f "$list" ] || set -- "$@" "$list"
    done
  done
  [ $# = 0 ] || stat -L -c "stamp$tab%Y$tab%n" -- "$@"
  streams=
  for file in /etc/dnf/modules.d/*.module; do
    [ -f "$file" ] && [ -r "$file" ] || continue
    name= stream= enabled=
    while IFS= read -r line || [ "$line" ]; do
      case $line in
        name=*) name=${line#*=} ;;
        stream=*) stream=${line#*=} ;;
        state=enabled) enabled=1 ;;
      esac
    done <"$file"
    [ ! "$enabled" ] || streams="$streams $name:$stream"
  done
  { rpm -qa --qf 'have\t%{NAME}\t%{ARCH}\t%|EPOCH?{%{EPOCH}}:{0}|:%{VERSION}-%{RELEASE}\n'; printf '=read %s\n' "$?"
    [ ! "$plain" ] || { cat -- $plain; printf '\n=read %s\n' "$?"; }
    [ ! "$gz" ] || { gzip -dc -- $gz; printf '\n=read %s\n' "$?"; }
    [ ! "$xz" ] || { xz -dc -- $xz; printf '\n=read %s\n' "$?"; }
    [ ! "$zst" ] || { zstd -dcq -- $zst; printf '\n=read %s\n' "$?"; }
  } | awk -v streams="$streams " '{advisories}'
}
"""

_ADVISORIES = r"""
function attribute(key) {
  if (!match($0, "[ \t]" key "=\"[^\"]*\"")) return ""
  return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 4)
}
function is_kernel(name) {
  kernels = " kernel kernel-core kernel-rt-core kernel-64k-core kernel-uek kernel-uek-core kernel-default "
  return index(kernels, " " name " ")
}
/^=read / { print; next }
/^have\t/ {
  split($0, part, "\t")
  have[part[2] ":" part[3]] = 1
  if (is_kernel(part[2])) print "kernel\t" part[2] "\t" part[4] "\t" part[3]
  all[++count] = $0
  next
}
/<update[ >]/ { security = (attribute("type") == "security"); counts = 1 }
/<collection[ >]/ { counts = 1 }
/<module[ >]/ { counts = index(streams, " " attribute("name") ":" attribute("stream") " ") }
security && counts && /<package[ >]/ {
  name = attribute("name"); arch = attribute("arch")
  if ((name ":" arch) in have) {
    wanted[name ":" arch] = 1
    epoch = attribute("epoch")
    print "fixed\t" name "\t" arch "\t" (epoch == "" ? "0" : epoch) ":" attribute("version") "-" attribute("release")
  }
}
END {
  for (i = 1; i <= count; i++) {
    split(all[i], part, "\t")
    if ((part[2] ":" part[3]) in wanted) print all[i]
  }
  print "compared\t"
}
"""

_RUN = r"""
if [ -e /var/lib/dpkg/status ]; then read_apt; status=$?
elif [ -d /usr/lib/sysimage/rpm ] || [ -d /var/lib/rpm ]; then read_dnf; status=$?
else printf '=lists none\n'; status=0
fi
printf '=end %s\n' "$status"
"""

SCRIPT = (_KERNEL + _APT + _DNF + _RUN).replace("{compare}", _COMPARE).replace("{advisories}", _ADVISORIES)
