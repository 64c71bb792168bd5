"""The measurements, with a module for each command."""
