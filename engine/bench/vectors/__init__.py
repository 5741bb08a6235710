"""Where vectors come from: files of any kind, clusters drawn by a seed, a workspace's own indexes."""
