"""What is usual for a sender and for an agent, and what is not."""
