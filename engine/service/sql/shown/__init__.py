"""What SHOW and DESCRIBE answer: rows in the columns of the cloud."""
