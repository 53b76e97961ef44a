"""Adapters of the port `cti.host`: the demo's own host, HTTP and JSON, FIX; and what guards them all."""
