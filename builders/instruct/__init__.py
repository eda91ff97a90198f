"""Instructions and answers: conversations made of other texts, and checks of those that were conversations before."""
