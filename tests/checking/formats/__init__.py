"""The rules of each format once more, from docs/ and from nothing of the house, as plainly as they can be told."""
