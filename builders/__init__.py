"""Where documents come from, how they change, how a dataset is built, kept and published."""

import os

__version__ = "0.1.0"

# Before pyarrow is imported: its own allocator keeps what it once had, 50 to 80 MB a process (benchmarks/README.md).
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
