# A server that follows good practice in what a Linux baseline asks. The scanner's account needs its sudo password here.
apt-get --quiet --option APT::Get::List-Cleanup=false update
apt-get --quiet upgrade --yes
apt-get --quiet install --yes --no-install-recommends \
    --option Dpkg::Options::=--force-confold --option Acquire::Retries=3 \
    aide apparmor auditd clamav-daemon rsyslog-gnutls unattended-upgrades
find /var/lib/apt/lists -type f ! -name '*-security_*' -delete

# Accounts.
rm /etc/sudoers.d/audit
echo "audit:$LAB_PASSWORD" | chpasswd --crypt-method YESCRYPT # without PAM: a baseline asks for a longer one
groupadd sshusers
groupadd wheel-su
usermod --append --groups sshusers audit
sed -i -E 's/^(PASS_MAX_DAYS).*/\1 365/; s/^(PASS_MIN_DAYS).*/\1 1/; s/^(PASS_WARN_AGE).*/\1 7/; s/^(UMASK).*/\1 027/; s/^#?(HOME_MODE).*/\1 0700/; s/^(ENCRYPT_METHOD).*/\1 YESCRYPT/' /etc/login.defs
useradd -D --inactive 30
chage --maxdays 365 --mindays 1 --warndays 7 --inactive 30 audit
passwd --lock root
chmod 700 /root /home/audit
echo 'umask 027' >>/root/.bashrc
echo 'umask 027' >>/root/.profile

# PAM. The local change of common-auth comes last: pam-auth-update leaves a changed file alone.
pam-auth-update --package --enable faillock faillock_notify pwhistory umask
sed -i 's/pam_unix\.so nullok/pam_unix.so/' /etc/pam.d/common-auth
sed -i -E 's/^# *(auth +required +pam_wheel\.so)$/\1 use_uid group=wheel-su/' /etc/pam.d/su
install -m 600 /dev/null /etc/security/opasswd

# SSH, banners.
printf 'Authorised use only. All activity is logged.\n' | tee /etc/issue /etc/issue.net >/etc/motd
chmod -x /etc/update-motd.d/*
chmod 600 /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*
chmod 700 /etc/ssh/sshd_config.d

# Services.
systemctl enable nftables.service apparmor.service auditd.service chrony.service clamav-daemon.service rsyslog.service unattended-upgrades.service aidecheck.timer
systemctl disable clamav-freshclam.service
systemctl mask ctrl-alt-del.target
sed -i 's/^pool /#pool /' /etc/chrony/chrony.conf
sed -i 's/^DAEMON_OPTS=.*/DAEMON_OPTS="-F 1 -x"/' /etc/default/chrony
sed -i -E 's/^(max_log_file_action).*/\1 = keep_logs/; s/^(space_left_action).*/\1 = email/; s/^(admin_space_left_action).*/\1 = single/; s/^(disk_full_action).*/\1 = halt/; s/^(disk_error_action).*/\1 = halt/' /etc/audit/auditd.conf
install -d -m 2755 -g systemd-journal /var/log/journal

# Modes.
echo root | tee /etc/cron.allow >/etc/at.allow
chmod 600 /etc/crontab /etc/cron.allow /etc/at.allow
chmod 700 /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly
chmod 644 /etc/passwd /etc/group /etc/passwd- /etc/group-
chmod 640 /etc/shadow /etc/gshadow
chmod 600 /etc/shadow- /etc/gshadow-
chmod 600 /etc/modprobe.d/hardened.conf /etc/sysctl.d/60-hardened.conf /etc/audit/rules.d/*
chmod 755 /etc/nftables.conf
chmod 750 /etc/sudoers.d
chmod 440 /etc/sudoers.d/*
install -m 640 -g adm /dev/null /var/log/sudo.log
find /var/log -type f -exec chmod g-wx,o-rwx {} +

# The integrity database, last: it records what stands above.
install -d -m 700 /var/lib/aide
aide --config /etc/aide/aide.conf --init
mv /var/lib/aide/aide.db.new /var/lib/aide/aide.db
chmod 600 /var/lib/aide/aide.db
