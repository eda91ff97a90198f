"""What a model says to prompts, in several ways side by side."""
