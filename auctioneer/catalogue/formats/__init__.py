"""What a catalogue says of the bidding on a lot: each format's keys and faults, a module each."""
