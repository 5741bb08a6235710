"""Files that become tables, and tables that become files."""
