"""One training run, and curricula of several: orders, settings, models, the trainer, its folder and log."""
