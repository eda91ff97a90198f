"""Near-duplicates: fold, sketch, band, verify, decide which copy stays."""
