"""What an operator wants to see of a workspace, and the long steps that are started from there."""
