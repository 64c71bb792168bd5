"""One evening with bots: who directs it, how it is shown, and how it went."""
