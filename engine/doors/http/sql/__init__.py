"""Results of SQL statements behind links."""
