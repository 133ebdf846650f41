"""Whom not to mail again, and how mail fared: bounces, complaints, suppressions."""
