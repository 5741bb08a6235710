"""`/Volumes/...` as paths of this machine, in the processes of one run."""
