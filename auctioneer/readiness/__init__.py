"""Whether this machine is ready to hold a sale: what is measured of it, and what that means."""
