"""Bounces, complaints and automatic replies that arrive as mail, and whether a bounce is for good.

A plain package without tables: what a mail says, and nothing about whom it is told to.
"""

from reputation.bounces.bounce import Bounce, Kind
from reputation.bounces.read import read_bounces
from reputation.bounces.reasons import Reason, is_hard_bounce

__all__ = ["Bounce", "Kind", "Reason", "is_hard_bounce", "read_bounces"]
