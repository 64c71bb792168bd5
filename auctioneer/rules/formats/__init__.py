"""The rules of each auction format, one module a format."""
