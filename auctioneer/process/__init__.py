"""The process that holds a sale: start, turn, commit, freeze, end."""
