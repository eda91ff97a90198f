"""A dataset for other trainers: files in their formats, and what training on it would take."""
