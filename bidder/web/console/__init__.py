"""The console: the auctioneer and clerks direct the sale in a browser.

The gateway keeps their keys and passes commands on. It knows no command: what a page sends goes to the house's control
endpoint as it is (docs/control.md), and the house decides who may do what.
"""
