"""How good is a model, and which of two datasets teaches more? Likelihood, metrics, tables, intervals."""
