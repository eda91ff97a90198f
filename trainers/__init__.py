"""What a dataset is for: pretraining, supervised fine-tuning, sequence to sequence, evaluation."""
