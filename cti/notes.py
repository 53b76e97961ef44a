"""What a call's channels say of themselves, so that the next server finds it as it was. Pure.

Asterisk keeps a channel's variables as long as the channel: a note there is never out of date by more than the last
command, costs no database, and is gone with the call. It holds what a story goes on from, nothing that was keyed in.
"""

from __future__ import annotations

import msgspec

from cti.asterisk.messages import Fields

NOTE, PARTY, CUSTOMER = "CTI_NOTE", "CTI_PARTY", "CTI_CUSTOMER"
VARIABLES = (NOTE, PARTY, CUSTOMER)
MOST_BYTES = 900  # Asterisk refuses lines over 1,024


class PartyNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whose leg this is, and what for; as `cti.talk.Party`. `leg` is its Uniqueid where another's note tells of it."""

    kind: str
    id: str
    contact_id: str = ""
    recallable: bool = False
    standing: bool = False
    leg: str = ""
    name: str = ""

    def tag(self) -> str:
        """As a variable of its own leg, which is set when it is dialled: without commas."""
        return "|".join((self.kind, self.id, self.contact_id, "yes"[: 3 * self.recallable], "yes"[: 3 * self.standing]))


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call, on its customer's leg. Times are UTC epoch seconds."""

    call: str
    state: str
    arrived_at: float
    number: str = ""
    dialled: str = ""
    direction: str = "in"
    language: str = ""
    queue: str = ""
    requires: str = ""
    priority: float = 0.0
    queued_at: float | None = None
    waiting_since: float | None = None
    connected_at: float | None = None
    agent_id: str = ""
    menu: str = ""
    version: str = ""
    node: str = ""
    known: bool = False  # the caller had told the menu more than the note holds
    recorded: bool = False
    carries: str = ""
    forward_to: str = ""
    owner: PartyNote | None = None
    third: PartyNote | None = None


def write(note: Note) -> str:
    """As a channel's variable. Raises ValueError for what no channel can hold."""
    text = msgspec.json.encode(note).decode()
    if len(text.encode()) > MOST_BYTES:
        raise ValueError(f"a note of {len(text.encode())} bytes: {MOST_BYTES} at most")
    return text


def read(text: str) -> Note | None:
    """None for what is no note of ours."""
    try:
        return msgspec.json.decode(text, type=Note)
    except msgspec.MsgspecError:
        return None


def read_tag(text: str) -> PartyNote | None:
    """None for what is no tag of ours."""
    match text.split("|"):
        case [kind, who, contact_id, recallable, standing] if kind and who:
            return PartyNote(kind, who, contact_id, bool(recallable), bool(standing))
        case _:
            return None


def variables(row: Fields) -> dict[str, str]:
    """A channel's variables, from its row of `Status`."""
    pairs = (line.partition("=") for line in row.get("variable", "").split("\n"))
    return {name: value for name, equals, value in pairs if equals and value}
