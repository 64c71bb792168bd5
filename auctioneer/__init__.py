"""The house: its rules, its journal and its server."""
