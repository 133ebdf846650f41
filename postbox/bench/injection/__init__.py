"""Training and measuring the injection score: texts made by grammars, the corpora, the table of figures."""
