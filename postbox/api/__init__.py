"""What every route shares: errors, ids of requests, parsers. No tables and no knowledge of mail."""
