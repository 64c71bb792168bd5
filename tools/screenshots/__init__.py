"""Makes the pictures of the screens in docs/pictures/, from real houses with real bids: `make screenshots`."""
