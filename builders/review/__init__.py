"""What people decided about the documents of a dataset, and the step that applies it."""
