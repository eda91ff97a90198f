"""How a recipe becomes a dataset: plan, run, work store, ledger, manifest."""
