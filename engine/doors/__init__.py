"""The ways in. They translate and call the service; they never decide."""
