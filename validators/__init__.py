"""Is this text, this reply, this dataset good?  The leftmost folder: it imports from no other."""
