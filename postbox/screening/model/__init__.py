"""A small linear model of sentences that give orders to software: what it looks at, its weights, what it says."""
