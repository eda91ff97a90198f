"""An OpenAI-compatible server that answers by rules and says so: for first steps, tests and measurements."""
