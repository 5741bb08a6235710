"""Functions of days and times: parts and spans of them, and the patterns of their texts."""
