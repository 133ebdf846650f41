"""Numbers and keys that must not travel by mail: what finds them, and what makes them unreadable."""
