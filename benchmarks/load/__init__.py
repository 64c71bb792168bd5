"""What puts load on a house, and what a house is held against: senders, screens, bare servers, all as processes."""
