# A server without sudo.
SUDO_FORCE_REMOVE=yes dpkg --purge sudo
