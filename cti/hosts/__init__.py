"""Adapters of the port `cti.host`: the demo's own host, one that speaks HTTP and JSON, one that speaks FIX; and what guards them all."""
