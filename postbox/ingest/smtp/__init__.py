"""The SMTP door (RFC 5321): mail servers of others hand their mail in here, without one of the operator's in front."""
