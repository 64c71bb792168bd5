"""A second, plain implementation of each format's rules, written from docs/ without any code of the house."""
