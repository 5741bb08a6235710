"""The mirrored client classes, in-process."""
