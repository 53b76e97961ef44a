"""Recordings at rest: kept, converted, deleted in time, and proven to be what they were.

`shelf` is the folder and its ledger together, `timeline` what was when in a call, `tracks` makes one stereo file of
the two that Asterisk wrote, `verify` holds the folder to the ledger.
"""
