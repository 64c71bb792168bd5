"""The sockets: who is let in, what is read from them, what is sent."""
