"""What a run of a benchmark leaves behind: one file of JSON lines that says all that is known of it."""
