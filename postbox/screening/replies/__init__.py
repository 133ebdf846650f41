"""A message without the history that it quotes and without its signature."""
