"""Load, chaos and soak on the real Asterisk with real SIP calls: `make chaos`, `make soak`, `make bench-pbx`."""
