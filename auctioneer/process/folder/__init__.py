"""The data directory of a sale: its files, its keys, the settings of this machine, and where the house runs."""

from auctioneer.process.folder.folder import FOR_THE_AUCTIONEER, DataFolder
from auctioneer.process.folder.machine import MachineSettings
from auctioneer.process.folder.whereabouts import RunningHouse, SaleMark

__all__ = ["FOR_THE_AUCTIONEER", "DataFolder", "MachineSettings", "RunningHouse", "SaleMark"]
