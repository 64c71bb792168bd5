"""Makes the generated parts of `docs/`: the protocol's tables, schemas, vectors and a whole session in frames."""
