"""All that both command lines share with a terminal; click and rich are imported here only."""
