"""The two stages of a training: photos beside a frozen text trunk, then texts beside fixed photos."""
