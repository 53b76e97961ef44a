"""The server: it joins Asterisk, the menus, the router, the desks and the memory.

Theory of operation. `app.py` wires everything and is the only place that does. Messages of the PBX come in order
through `asterisk/link.py`; `calls.py` hands each to the leg it concerns. A caller's first `AsyncAGIStart` makes a
`Call`, whose `run()` is the story of the visit. Who serves whom is decided by `acd` and carried out by
`dispatcher.py`. Whatever happened is published on `bus.py` as a frozen, past-tense event; `listeners/` watch.

House rules: state moves through one door (`call_states.py`); a listener may fail, a call may not; one call's error
touches that call only.
"""
