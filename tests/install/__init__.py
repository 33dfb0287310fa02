"""Tests of what is installed: the wheel, elsewhere, on every Python that is here."""
