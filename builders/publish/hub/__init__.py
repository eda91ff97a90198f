"""A built dataset on its way to the Hugging Face Hub and back."""
