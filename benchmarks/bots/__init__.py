"""Bots that bid like people, and the programs that send them to a sale."""
