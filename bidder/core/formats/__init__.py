"""The core's knowledge of formats, a module each: how to make their offers, and which offers need presence."""
