"""The measurements of each format's rules, with a module for each format: the offers, and the loops over them."""
