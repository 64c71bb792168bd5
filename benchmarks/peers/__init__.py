"""What a user would pick instead of the house, and the one load generator that all of them get."""
