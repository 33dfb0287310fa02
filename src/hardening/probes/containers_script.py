"""What runs on the target to see containers: processes in the kernel's own view, and settings of the engines.

Lines of output begin with a word. ``engine`` and a name; ``process`` with an id and a process id, followed by
``own`` and the namespaces that it does not share with the host and ``status`` with its seccomp mode and bounding set;
``grep`` what greps found; ``docker`` and ``image`` what Docker says; ``daemon`` the keys of daemon.json that are asked
for, ``flag`` those of a running dockerd, ``unit`` those of its unit; ``=end`` closes. ``refused`` names what may not be
read.
"""

from __future__ import annotations

_ENGINES = r"""for name in dockerd podman containerd crio; do
for folder in /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin /snap/bin; do
[ ! -x "$folder/$name" ] || { printf 'engine %s\n' "$name"; break; }
done
done
[ ! -e /snap/bin/docker ] || printf 'engine dockerd\n'
"""

_IDS = r"(docker|libpod|libpod-payload|cri-containerd|crio|nerdctl)[-/]([0-9a-f]{64})|kubepods[^:]*/[0-9a-f]{64}"
_SOCKETS = r"^[0-9]+ [0-9]+ [0-9:]+ (/[^ ]*)?/(docker|podman|containerd|crio)\.sock [^ ]+"
_NAMES = r'"id":"[0-9a-f]{64}","names":\["[A-Za-z0-9_.-]+"'
# A value of JSON: a list, a text, or a word. What is not asked for stays on the target.
_KEYS = (
    r'"(hosts|icc|insecure-registries|live-restore|no-new-privileges|tlsverify|userns-remap)"[[:space:]]*:'
    r'[[:space:]]*(\[[^]]*\]|"[^"]*"|true|false)'
)
_LINES = r"^[[:space:]]*(\[|(insecure|location|prefix|registries)[[:space:]]*=)"

# The first process of a container in the order of their numbers stands for it. Conmon, which watches one, does not.
_PROCESSES = r"""ids= pids=
if [ -d "/proc/sys/kernel$hardening_at_rest" ]; then
{ [ -O / ] && [ -e /proc/self/ns/mnt ]; } || printf 'refused /proc\n'
found=$(grep -a -s -E -o '{ids}' /dev/null /proc/[0-9]*/cgroup)
case $? in 0|1|2) ;; *) printf 'refused /proc\n' ;; esac
for line in $found; do
pid=${line#/proc/}
pid=${pid%%/*}
id=${line##*[-/]}
case $ids in *" $id "*) continue ;; esac
ids="$ids $id "
pids="$pids $pid"
printf 'process %s %s %s\n' "$id" "$pid" "${line#*:}"
own=
for kind in pid net ipc uts user mnt; do
if [ "/proc/self/ns/$kind" -ef "/proc/$pid/ns/$kind" ]; then :
elif [ -e "/proc/self/ns/$kind" ] && [ -e "/proc/$pid/ns/$kind" ]; then own="$own $kind"
else own="$own ?$kind"
fi
done
printf 'own%s\n' "$own"
seccomp= bounding=
while read -r key value; do
case $key in Seccomp:) seccomp=$value ;; CapBnd:) bounding=$value ;; esac
done <"/proc/$pid/status"
printf 'status %s %s\n' "$seccomp" "$bounding"
done 2>/dev/null
while read -r key value; do
case $key in CapBnd:) printf 'host %s\n' "$value" ;; esac
done 2>/dev/null </proc/1/status
if [ "$pids" ]; then
set --
for pid in $pids; do set -- "$@" "/proc/$pid/mountinfo"; done
f=/var/lib/containers/storage/overlay-containers/containers.json
[ ! -r "$f" ] || set -- "$@" "$f"
grep -a -s -E -o '{sockets}|{names}' /dev/null "$@"
fi
fi
"""

_DOCKER = r"""if [ -S /var/run/docker.sock ]; then
if command -v docker >/dev/null 2>&1; then
known=$(DOCKER_CONFIG=/nonexistent timeout 20 docker ps -q --no-trunc)
printf 'docker-status %s\n' "$?"
images=
if [ "$known" ]; then
shown=$(DOCKER_CONFIG=/nonexistent timeout 20 docker inspect \
--format 'docker {{.Id}} {{.Name}} {{.Image}} {{.Config.Image}}' $known)
printf '%s\n' "$shown"
for word in $shown; do
case $word in sha256:*) case $images in *"$word"*) ;; *) images="$images $word" ;; esac ;; esac
done
[ ! "$images" ] ||
DOCKER_CONFIG=/nonexistent timeout 20 docker image inspect --format 'image {{.Id}} {{.Created}}' $images
fi
else printf 'docker-status missing\n'
fi
fi
"""

_DAEMON = r"""for f in /etc/docker/daemon.json /var/snap/docker/current/config/daemon.json; do
[ -e "$f" ] || continue
if [ ! -r "$f" ]; then printf 'refused %s\n' "$f"; continue; fi
text=
while IFS= read -r line || [ "$line" ]; do text="$text $line"; done <"$f"
printf '%s\n' "$text" |
grep -a -E -o '{keys}' |
while IFS= read -r line; do printf 'daemon %s\n' "$line"; done
printf 'daemon-file %s\n' "$f"
done
[ ! -d /etc/docker ] || [ -x /etc/docker ] || printf 'refused /etc/docker\n'
pass() {
case $1 in
-H|--host|--userns-remap|--insecure-registry) next=$1 ;;
-H*|--host=*|--userns-remap=*|--insecure-registry=*|--icc*|--live-restore*|--no-new-privileges*|--tls|--tls=*|\
--tlsverify*) printf '%s %s\n' "$2" "$1" ;;
esac
}
words() {
next=
while IFS= read -r word || [ "$word" ]; do
if [ "$next" ]; then printf '%s %s=%s\n' "$1" "$next" "$word"; next=
else pass "$word" "$1"
fi
done
}
pid=
[ ! -r /run/docker.pid ] || IFS= read -r pid </run/docker.pid
if [ "$pid" ] && [ -r "/proc/$pid/cmdline" ]; then
printf 'running dockerd\n'
tr '\000' '\n' <"/proc/$pid/cmdline" | words flag
fi
set --
for folder in /etc/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
[ ! -f "$folder/docker.service" ] || { set -- "$folder/docker.service"; break; }
done
for f in /usr/lib/systemd/system/docker.service.d/*.conf /etc/systemd/system/docker.service.d/*.conf; do
[ ! -f "$f" ] || set -- "$@" "$f"
done
for f do
while IFS= read -r line || [ "$line" ]; do
case $line in
ExecStart=) printf 'unit-reset\n' ;;
ExecStart=*)
set -f
for word in ${line#*=}; do printf '%s\n' "$word"; done | words unit
set +f
;;
esac
done <"$f"
done
"""

_REGISTRIES = r"""set --
for f in /etc/containers/registries.conf /etc/containers/registries.conf.d/*.conf; do
if [ -r "$f" ]; then set -- "$@" "$f"
elif [ -e "$f" ]; then printf 'refused %s\n' "$f"
fi
done
[ $# = 0 ] || grep -a -n -E '{lines}' /dev/null "$@"
printf '=end\n'
"""


def build_container_script() -> str:
    """Return the script; it is the same on every target."""
    script = _ENGINES + _PROCESSES + _DOCKER + _DAEMON + _REGISTRIES
    for name, pattern in (
        ("{ids}", _IDS),
        ("{sockets}", _SOCKETS),
        ("{names}", _NAMES),
        ("{keys}", _KEYS),
        ("{lines}", _LINES),
    ):
        script = script.replace(name, pattern)
    return script
