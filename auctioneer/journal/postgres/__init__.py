"""The store of sales in a PostgreSQL database, whose standbys confirm each batch.

Only `auctioneer.journal.postgres.address` can be imported without psycopg (extra `postgres`).
"""
