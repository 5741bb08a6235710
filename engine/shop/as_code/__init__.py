"""What was asked, as code that asks the same: Python, SQL, curl and a command."""
