"""What attachments really are and what they hold: by their octets, within bounds, without running any of them."""
