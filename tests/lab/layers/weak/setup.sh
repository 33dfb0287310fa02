# A server on which everything is wrong.
echo 'root:root' | chpasswd

# Accounts: an empty password, a second root, a shared uid, a hash in passwd, an account without home, a NIS line.
useradd --create-home --shell /bin/bash blank
passwd --delete blank
useradd --non-unique --uid 0 --gid 0 --no-create-home --home-dir /root --shell /bin/bash toor
echo 'toor:toor' | chpasswd
useradd --non-unique --uid 1000 --no-create-home twin
useradd --create-home --shell /bin/bash old
echo 'old:$1$lab$2xY9yGTVtOm0A9HXBgsq1.' | chpasswd --encrypted # md5crypt
echo 'legacy:x:4242:4242::/home/none:/bin/bash' >>/etc/passwd
echo 'games2:x:60:' >>/etc/group
usermod --append --groups shadow blank
usermod --shell /bin/bash daemon
echo '+::0:0:::' >>/etc/passwd

# SSH: weak settings come with root/; weak modes and leftovers.
chmod 666 /etc/ssh/sshd_config
ssh-keygen -q -t ed25519 -N '' -C 'copy of an old host key' -f /etc/ssh/old_host_key
chmod 644 /etc/ssh/old_host_key
install -d -m 777 /home/blank/.ssh
install -m 666 /dev/null /home/blank/.ssh/authorized_keys
chown -R blank:blank /home/blank/.ssh
echo '+ +' >/root/.rhosts
echo 'machine example.test login blank password x' >/home/blank/.netrc
chmod 644 /home/blank/.netrc
chmod 777 /home/blank

# Passwords and logins.
sed -i -E 's/^(PASS_MAX_DAYS).*/\1 99999/; s/^(PASS_MIN_DAYS).*/\1 0/; s/^(UMASK).*/\1 000/; s/^(ENCRYPT_METHOD).*/\1 MD5/' /etc/login.defs
sed -i -E 's/^(password.*pam_unix\.so).*/\1 obscure nullok md5/; /pam_pwquality/d' /etc/pam.d/common-password
printf 'minlen = 4\nenforcing = 0\ndictcheck = 0\n' >/etc/security/pwquality.conf
printf 'umask 000\nPATH=.:$PATH\n' >>/root/.bashrc
echo 'umask 000' >/etc/profile.d/umask.sh
printf 'hosts: nis files dns\npasswd: files nis\n' >>/etc/nsswitch.conf
echo 'ALL: ALL' >/etc/hosts.allow

# sudo.
printf '%s\n' 'Defaults !authenticate' 'Defaults !use_pty' 'Defaults timestamp_timeout=-1' 'ALL ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/all
chmod 440 /etc/sudoers.d/all

# Files.
install -d -m 777 /opt/app /srv/open
printf '#!/bin/sh\n' >/opt/app/run.sh
chmod 777 /opt/app/run.sh
install -m 4755 /bin/bash /opt/app/rootsh
touch /opt/app/unowned
chown 54321:54321 /opt/app/unowned
chmod 777 /tmp /var/tmp
chmod 666 /var/log/wtmp
printf 'Debian \\n \\l \\v \\r\n' | tee /etc/issue /etc/issue.net >/etc/motd
chmod 666 /etc/motd /etc/issue /etc/issue.net
install -d -m 755 /etc/ssl/private
chmod 755 /etc/ssl/private
install -m 644 /etc/ssh/old_host_key /etc/ssl/private/server.key
echo '* soft core unlimited' >/etc/security/limits.d/core.conf

# Things that run as root and that others may change.
printf '%s\n' '* * * * * root /opt/app/run.sh' >/etc/cron.d/app
chmod 666 /etc/cron.d/app /etc/crontab
chmod 777 /etc/cron.d
printf '[Service]\nExecStart=/opt/app/run.sh\n' >/etc/systemd/system/app.service
chmod 666 /etc/systemd/system/app.service

# Logs go nowhere and come from everywhere; no time, no updates, no signatures.
install -d /etc/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\nCompress=no\n' >/etc/systemd/journald.conf.d/weak.conf
printf '%s\n' 'module(load="imudp")' 'input(type="imudp" port="514")' '$FileCreateMode 0666' >/etc/rsyslog.d/10-weak.conf
systemctl disable chrony.service
printf 'APT::Get::AllowUnauthenticated "true";\nAPT::Periodic::Unattended-Upgrade "0";\n' >/etc/apt/apt.conf.d/99weak
sed -i -E 's/^deb /deb [trusted=yes] /' /etc/apt/sources.list

# The account files last: the tools above put their modes right again.
chmod 666 /etc/passwd /etc/group
chmod 644 /etc/shadow /etc/gshadow
for copy in passwd group shadow gshadow; do install -m 666 "/etc/$copy" "/etc/$copy-"; done
