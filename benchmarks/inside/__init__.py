"""The house from inside, in this very process: its rules, its state and its journal, without the sockets.

Measurements of these would drown in the sockets' cost from outside. This is the only part of the benchmarks that
imports the auctioneer; what is measured is what `auctioneer run` runs, taken up and asked by the same functions.
"""
