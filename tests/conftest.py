"""For all tests."""

import signal

# Started in the background (`nohup make test &`), a shell has its programs ignore Ctrl-C, and all that they start too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
