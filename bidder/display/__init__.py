"""What tells a person or a program about a sale: wording, records, and orders that are typed."""
