"""The house from inside, in the measuring process: its rules, its state and its journal, without the sockets.

Measured from outside, the cost of these would be lost in the cost of the sockets. Only this part of the benchmarks
imports the auctioneer. It measures the code that `auctioneer run` runs, and starts and asks it by the same functions.
"""
