"""What the commands say of catalogues: options, proposals."""
