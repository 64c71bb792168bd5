"""What a client's core has to know of one format, a module each: how its offers are made, and which need presence."""
