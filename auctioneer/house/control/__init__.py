"""How the house carries out the commands of `auctioneer.house.commands`: one file for each kind of command."""
