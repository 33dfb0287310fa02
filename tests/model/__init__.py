"""Tests of `hardening.model`."""
