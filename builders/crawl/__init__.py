"""Fetching pages and dumps from the network: politely, safely, and going on after any interruption."""
