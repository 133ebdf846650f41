"""How much mail a door lets through: limits, and the counts that all processes share."""
