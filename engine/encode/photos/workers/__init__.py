"""Photos decoded in other processes, into memory that a device copies from."""
