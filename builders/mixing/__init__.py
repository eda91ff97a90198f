"""Several built datasets as one: read again as they lie, and drawn from by weight."""
