"""The benchmark behind `postbox bench`: the floor of the design and the whole system, in one run on one machine.

Nothing here is imported by the running system, and every part runs as a process of its own, so that the cost of
measuring is never counted as the cost of what is measured.
"""
