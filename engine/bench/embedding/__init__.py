"""How fast photos and texts become vectors, stage by stage, and beside how others do it."""
