"""Tests of the room `transports`."""
