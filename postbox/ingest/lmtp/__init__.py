"""The LMTP door (RFC 2033): Postfix, Exim, Haraka and whatever else speaks it hand their mail in here."""
