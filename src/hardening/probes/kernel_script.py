"""What runs on the target to look at its kernel: builtins, and one ``od`` where the firmware is UEFI.

Lines of output: ``key=value``; ``key!`` where something is there that may not be read; nothing where it is not there.
``=end`` closes.
"""

from __future__ import annotations

from hardening.probes.kernel_starts import STARTS_SCRIPT

_FUNCTIONS = r"""tell() {
value=
if { IFS= read -r value <"$2" || [ "$value" ]; } 2>/dev/null; then printf '%s=%s\n' "$1" "$value"
elif [ -e "$2" ]; then printf '%s!\n' "$1"
elif [ ! -O / ] && [ -d "${2%/*}" ] && [ ! -x "${2%/*}" ]; then printf '%s!\n' "$1"
fi
}
reduce() {
set -f
words=
for word in $1; do
case $word in
--) break ;;
*[Pp]ass*=*|*secret*=*|*token*=*|*psk*=*) words="$words ${word%%=*}=set" ;;
*) words="$words $word" ;;
esac
done
set +f
}
"""

_NOW = r"""[ ! -d "/proc/sys/kernel$hardening_at_rest" ] || printf 'running=yes\n'
tell release /proc/sys/kernel/osrelease
if [ -r /proc/cmdline ]; then
IFS= read -r value </proc/cmdline
reduce "$value"
printf 'cmdline=%s\n' "${words# }"
elif [ -e /proc/cmdline ]; then printf 'cmdline!\n'
fi
tell lockdown /sys/kernel/security/lockdown
tell modules_disabled /proc/sys/kernel/modules_disabled
tell sig_enforce /sys/module/module/parameters/sig_enforce
tell apparmor /sys/module/apparmor/parameters/enabled
tell selinux /sys/fs/selinux/enforce
[ ! -d /sys/kernel/security/apparmor ] || printf 'securityfs=yes\n'
profiles=/sys/kernel/security/apparmor/profiles
if [ -e "$profiles" ]; then
enforce=0 complain=0 other=0
if {
while IFS= read -r line; do
case $line in
*'(enforce)'|*'(kill)') enforce=$((enforce + 1)) ;;
*'(complain)') complain=$((complain + 1)) ;;
*) other=$((other + 1)) ;;
esac
done <"$profiles"
} 2>/dev/null; then printf 'profiles=%s %s %s\n' "$enforce" "$complain" "$other"
else printf 'profiles!\n'
fi
fi
for f in /sys/devices/system/cpu/vulnerabilities/*; do
[ ! -f "$f" ] || tell "cpu ${f##*/}" "$f"
done
if [ -d /sys/firmware/efi ]; then
printf 'uefi=yes\n'
f=/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
if [ -e "$f" ]; then printf 'secure_boot=%s\n' "$(od -A n -t u1 "$f" 2>/dev/null)"
elif [ -d "${f%/*}" ] && [ ! -x "${f%/*}" ]; then printf 'secure_boot!\n'
elif for f in /sys/firmware/efi/efivars/*; do [ -e "$f" ] && break; done; then printf 'secure_boot=none\n'
fi
fi
"""

_INSTALLED = r"""for f in /boot /lib/modules; do
[ ! -d "$f" ] || [ -r "$f" ] || printf 'installed!\n'
done
for f in /boot/vmlinuz-[0-9]* /boot/vmlinux-[0-9]*; do
[ ! -f "$f" ] || printf 'installed=%s\n' "${f##*/vmlinu[xz]-}"
done
for f in /lib/modules/[0-9]*/vmlinuz; do
[ -f "$f" ] || continue
f=${f%/vmlinuz}
printf 'installed=%s\n' "${f##*/}"
done
"""

# What decides at the next boot: for SELinux its configuration, for AppArmor the unit that loads the profiles.
_BOOT = r"""if [ -e /etc/selinux/config ]; then
printf 'selinux_config=yes\n'
if [ -r /etc/selinux/config ]; then
while IFS= read -r line || [ "$line" ]; do
case $line in SELINUX=*) printf 'selinux_mode=%s\n' "${line#SELINUX=}" ;; esac
done </etc/selinux/config
else printf 'selinux_mode!\n'
fi
fi
for f in /etc/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
f=$f/apparmor.service
if [ -c "$f" ] || { [ -f "$f" ] && [ ! -s "$f" ]; } || { [ -L "$f" ] && [ ! -e "$f" ]; }; then
printf 'apparmor_unit=masked\n'
break
elif [ -f "$f" ]; then
printf 'apparmor_unit=there\n'
break
fi
done
for f in /etc/systemd/system/*.wants/apparmor.service /usr/lib/systemd/system/*.wants/apparmor.service; do
[ ! -L "$f" ] || printf 'apparmor_wanted=%s\n' "$f"
done
for f in /sbin/apparmor_parser /usr/sbin/apparmor_parser; do
[ ! -x "$f" ] || printf 'apparmor_parser=yes\n'
done
[ ! -d /etc/apparmor.d ] || [ -r /etc/apparmor.d ] || printf 'apparmor_profile!\n'
for f in /etc/apparmor.d/*; do
[ -f "$f" ] || continue
[ -e "/etc/apparmor.d/disable/${f##*/}" ] || [ -L "/etc/apparmor.d/disable/${f##*/}" ] ||
[ -e "/etc/apparmor.d/force-complain/${f##*/}" ] || { printf 'apparmor_profile=yes\n'; break; }
done
printf '=end\n'
"""

SCRIPT = _FUNCTIONS + _NOW + _INSTALLED + STARTS_SCRIPT + _BOOT
"""The script; it is the same on every target."""
