"""One module a use case. Read `scan.py` first: it is the central flow. Nothing here prints or exits."""
