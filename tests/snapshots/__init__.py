"""Tests of the room `snapshots`."""
