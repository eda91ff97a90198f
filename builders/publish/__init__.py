"""What people see of a dataset: report, card, differences, verification."""
