"""What single benchmarks print, where the common table says too little."""
