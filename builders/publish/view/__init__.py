"""A built dataset to look through: search, one document with its life and copies, decisions of reviewers."""
