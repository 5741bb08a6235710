"""What figures mean: pure functions of arrays, which know no contestant and no file."""
