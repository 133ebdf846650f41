"""Counts and times of all processes: counted in memory, added to rows every few seconds, read by ``/metrics``.

Decides how a process's counts come to the one table that is read (docs/adr/0008); never what is counted.
"""
