# Two sessions a connection, no more.
echo 'MaxSessions 2' >/etc/ssh/sshd_config.d/20-narrow.conf
