"""How the rules of each format are measured, one module a format: the offers, and the loops over them."""
