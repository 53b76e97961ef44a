"""Who gets whom, and when: the router, without a socket, a clock or chance.

Theory of operation. `core.Acd.handle(event, now)` takes one event and returns the effects somebody else must perform,
in order. It asks both routing questions by one order over everything: waiting contacts stand in lines, one line for each
set of demands (queue, ring, the contact's own wish), so that one comparison of the lines' heads says who is next and
whole lines nobody can serve are skipped. The chosen contact's queue names the rule that picks the agent. The agent is
reserved before the offer is emitted; what comes too late meets an offer that no longer stands and changes nothing.

Contact order: score = queue's priority + contact's priority + age in seconds x the queue's ageing rate. Within a queue
this order never changes with time, so a line stays sorted. The rate is above zero, so a priority of p points overtakes
for at most p / rate seconds and nobody starves. Ties fall to the earlier arrival, then to the order of arrival events.

House rules: time comes in as `now` (UTC epoch seconds), durations end in `_s`; state changes through
`agent_states.move` only; a rule chooses and never acts; the same events give the same effects, always.
"""
