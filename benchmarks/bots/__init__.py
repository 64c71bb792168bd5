"""Programs that send bots to a sale, and check what came of it."""
