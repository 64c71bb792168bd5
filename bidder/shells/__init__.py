"""The sockets and threads around the core: a blocking client, and clients for asyncio."""
