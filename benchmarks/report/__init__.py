"""What measurements found: kept, written for people, and drawn on one page."""
