"""Who gets whom, and when. Pure: no I/O, no clock and no randomness of its own.

Theory of operation. `Acd.handle(event, now)` takes what happened and returns what to do. An agent is reserved before
the Offer is returned, so nobody is offered twice; what comes late or for somebody unknown changes nothing. One order
holds over all queues: score = priority + age x the queue's ageing rate, ties by arrival. Times are UTC epoch seconds.
"""
