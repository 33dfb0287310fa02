"""Directories of the lab: slapd in several states, and Samba domain controllers, seeded and clean."""
