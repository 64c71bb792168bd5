"""For all tests."""

import signal

from hypothesis import HealthCheck, settings

# A slow machine is no fault. What else holds is Hypothesis's choice: where `CI` is set, the same examples in every run.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# Started in the background (`nohup make test &`), a shell has its programs ignore Ctrl-C, and all that they start too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
