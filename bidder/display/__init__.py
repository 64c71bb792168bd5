"""The texts and records about a sale for a person or a program, and the orders that they give."""
