"""What an operator sees of a house that runs: log, metrics, health, lines at the terminal."""
