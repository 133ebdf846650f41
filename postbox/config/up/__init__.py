"""`postbox up`: everything that Postbox needs, started, watched and stopped by one small process.

Nothing here imports Django: the secrets have to exist before Django loads, and the supervisor lives as long
as the system does, so it has to stay small.
"""
