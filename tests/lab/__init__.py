"""The lab: real servers that tests talk to, started on this machine by fixtures, in network namespaces of their own."""
