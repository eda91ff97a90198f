"""A dataset as the JSON lines that other trainers read, in a folder that is whole or not there."""
