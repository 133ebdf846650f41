"""The domains that owners hold: taking one, its records in DNS, its routes and its page."""
