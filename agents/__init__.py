"""The desk: who is connected, what their pages know, and who may see or do what.

Theory of operation. Each agent has one `Stream` of numbered messages, whichever and however many pages are open. A
page opens a websocket with a one-time ticket and gets a snapshot, then every message after it; a page that comes back
names the last number it has and gets what it missed, or a new snapshot when that is too long ago or the server is
another. A slow page never holds up anybody: what is waiting for it is bounded, and past the bound it is replaced by
one snapshot.

`Roster.deliver` returns when a message has been written to a page, which is how the customer's record is on screen
before the phone rings. Figures of the floor are not numbered: only the newest is worth having, so they are coalesced.

This package decides nothing about calls. Commands go to the `CallControl` port, which the server implements, and come
back as a typed answer; a command sent twice under one key is done once.

Where things are: `views` and `wire` are the words, `ports` what is needed from elsewhere, `stream` the pure logic,
`roster` and `socket` the connections, `auth` who may come in, `api` and `web` HTTP, `desk/` the
browser application, `pages` how its build is served.
"""
