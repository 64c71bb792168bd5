"""Rehearsals: a sale with bots, on real sockets, in a place that is thrown away.

The house is a process, as users start it; nothing here imports it.
`bots` has bots that bid like people. `evening` shows a sale.
"""
