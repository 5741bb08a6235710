"""A trained model as the files that `--encoder` takes, and such files as weights again."""
