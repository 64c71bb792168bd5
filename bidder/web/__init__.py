"""The gateway: pages and a WebSocket for phones, fed by one hall. It needs the extra `[web]`.

Each guest is a bidder of the house with a key and a desk of its own. The gateway decides nothing: it carries what
phones ask to the house, and what the house says to phones.
"""
