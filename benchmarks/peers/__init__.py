"""The alternatives to the house that a user might choose, and the load generator that is the same for all."""
