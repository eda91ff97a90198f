"""Models side by side: people chat with them without knowing which is which, and vote."""
