"""Tests of `hardening.content`."""
