"""Which mails say the same, or nearly: keyed hashes of what they say, and the campaigns that they make."""
