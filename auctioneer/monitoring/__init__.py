"""What an operator sees of a running house: its log, metrics, health, and lines at the terminal."""
