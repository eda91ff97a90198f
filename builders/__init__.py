"""Where documents come from, how they change, how a dataset is built, kept and published."""
