"""What happens to the text of a document: decode, clean, re-flow, normalise, convert, cut."""
