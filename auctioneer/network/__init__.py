"""The sockets: who may connect, what is read from them, and what is sent."""
