"""Who gets whom, and when. Pure: no I/O, no clock and no randomness of its own.

Theory of operation. `Acd.handle(event, now)` takes what happened and returns what to do. An agent is reserved before
the Offer is returned, so nobody is offered twice; what comes late or for somebody unknown changes nothing. One order
holds over all queues: score = priority + age x the queue's ageing rate, ties by arrival. Times are UTC epoch seconds.

Nothing is scanned. Contacts that the same agents may serve stand in one line; lines and free agents are kept in order
with a mask of who is concerned, so that either question costs what changed. A rule, a ring or a queue that is added is
data; the index follows. Whatever the index answers, the naive router in `tests/acd/oracle.py` answers too.
"""
