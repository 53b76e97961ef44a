"""Menus as data, and the one function that walks them. Knows no PBX.

Theory of operation. A `MenuSet` is nodes by name; `run()` walks it with a `Caller` (a port: play, ask, note) and
returns an `Outcome`: whom to see next, or goodbye. `check()` finds what a caller must never find: a missing prompt, an
unknown node, a node nobody reaches, a loop without exit. Nothing here does I/O or knows the time.
"""
