"""Bots that bid like people."""
