"""Tests of judging: pure values in, pure values out."""
