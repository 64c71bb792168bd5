"""The load on a house, and the servers to compare it with: senders, screens and bare servers, all as processes."""
