"""Each threat as a test. What belongs to a part is tested with that part, and named here:

cti/test_pin_gate.py and live/test_self_service.py PINs guessed across calls; cti/test_callback_rules.py callbacks asked
for in floods; agents/test_prompts.py uploads that are too big, disguised or cut off; hosts/test_http.py a host that is
slow, endless, lying or redirecting; browser/test_desk.py markup in a caller's name; agents/test_quality.py formulas in
tables.
"""
