"""`siku view`, and what it shows of rows that a model wrote."""
