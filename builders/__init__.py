"""Where documents come from, how they change, how a dataset is built, kept and published."""

__version__ = "0.1.0"
