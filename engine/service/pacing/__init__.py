"""How long things take that are done at once here and take their time in the cloud."""
