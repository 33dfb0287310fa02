"""Tests of `hardening.documents`."""
