"""From rows of a dataset to rows of token ids: tokens, chat templates, the cache, packing, batches."""
