"""Where a catalogue comes from: files, a workspace, the bundled sample. What tasks need of it."""
