"""The record decided again, by code that did not write it."""
