"""The data directory of a sale: what is in it, which keys, how the house runs on this machine, and where it runs."""

from auctioneer.process.folder.folder import DataFolder
from auctioneer.process.folder.machine import MachineSettings
from auctioneer.process.folder.whereabouts import RunningHouse, SaleMark

__all__ = ["DataFolder", "MachineSettings", "RunningHouse", "SaleMark"]
