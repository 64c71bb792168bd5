"""The rules of following a sale and of asking in it, free of IO."""
