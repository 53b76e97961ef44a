"""Whole calls: real browsers, a real Asterisk, the whole server between them."""
