"""What `docs/protocol.md` takes from the code: tables, schemas, golden vectors and a whole session in frames."""
