"""The sockets and threads around the rules: clients that block, clients for asyncio."""
