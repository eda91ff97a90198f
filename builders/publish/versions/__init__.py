"""The versions that were built: listed, compared, with what they were made from and what was made of them; cleared."""
