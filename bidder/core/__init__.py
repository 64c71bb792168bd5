"""The rules for following a sale and for sending requests in it, without IO."""
