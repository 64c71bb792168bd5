"""The audit of a record: its facts are decided again, by code that did not write them."""
