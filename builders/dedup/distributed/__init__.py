"""The decision of `NearDuplicates` as shuffles and joins of Daft: the same fates, on one machine or many."""
