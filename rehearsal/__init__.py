"""Rehearsals: a sale with bots, on real sockets, in a place that is thrown away.

`auctioneer rehearse` and the benchmarks use it. The house is a process, as users start it; nothing here imports it.
`bots` has bots that bid like people. `evening` directs a sale, shows it, and reports how it went.
"""
