"""One short file per dataset that can be made; each defines `recipe`."""
