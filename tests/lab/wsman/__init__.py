"""A WS-Management server of our own: what Windows is to WinRM clients, as far as they can tell over the wire.

It opens shells, starts commands, takes their input and gives out answers recorded for the script blocks in it. It never
runs anything. Nothing here is a proof of how Windows behaves; `docs/windows.md` says what that means.
"""
