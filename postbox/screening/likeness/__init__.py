"""Names and domains that look like others: what an eye takes for the same, and whose they imitate."""
