"""What `docs/protocol-*.md` take from the code: tables, schemas, golden vectors and a whole session in frames."""
