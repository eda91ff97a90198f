"""Which of two models answers better, by the verdicts of other models."""
