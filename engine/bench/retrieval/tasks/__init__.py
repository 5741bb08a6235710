"""What may be asked over a catalogue: each file makes some tasks, from products and rules alone."""
