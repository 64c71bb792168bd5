"""The documents, and `python -m docs.generate`, which writes the parts of them that follow from the code."""
