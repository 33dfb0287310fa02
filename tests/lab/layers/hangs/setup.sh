# Login works, then every command hangs.
echo 'ForceCommand exec sleep infinity' >/etc/ssh/sshd_config.d/20-hangs.conf
