"""Programs for those who work on the house: the generator of the specification, the audit of dependencies."""
