"""New samples from a model behind an OpenAI-compatible endpoint: tasks, the loop of asking, the journal."""
