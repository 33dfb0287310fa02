"""Stored visits: how a snapshot becomes bytes, and the folder that holds those of one scan. Judges nothing."""
