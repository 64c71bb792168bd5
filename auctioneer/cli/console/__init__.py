"""`auctioneer console`: the sale on a full screen, for whoever holds the hammer or helps.

It gives the commands of the command line over the same control endpoint, and reads the same reports. `acts` says what
each key does, `house_line` carries it to the house, and `screen` draws.
"""
