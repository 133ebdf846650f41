"""What a mail domain publishes in DNS: the records to publish, and a judgement of those that are there."""
