"""Recordings found, and scored beside the player. Implements `agents.ports.Quality`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from agents.ports import Found, RecordingFile, Recordings, Refused, Sought
from cti import events
from cti.bus import Bus
from cti.scoring import BadAnswers, Card, report, score
from db import scorecards


class QualityDesk:
    """`cards` are the house's by name, `of_queue` says which a queue's calls are scored by."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self, engine: AsyncEngine, recordings: Recordings, cards: Mapping[str, Card], of_queue: Mapping[str, str],
        bus: Bus, clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._store, self._recordings = scorecards.ScorecardStore(engine), recordings
        self._cards, self._of_queue, self._bus, self._clock = cards, of_queue, bus, clock

    async def find(self, sought: Sought) -> list[Found]:
        """What lies on the shelf yet, the newest first."""
        rows = await self._store.recordings(scorecards.Sought(**asdict(sought)))
        found = [(row, await self._recordings.recording(row["recording_id"])) for row in rows]
        return [
            Found(kept, row["at"], row["queue"] or "", row["number"], row["score"])
            for row, kept in found if kept is not None
        ]  # fmt: skip

    async def card(self, recording: RecordingFile) -> dict[str, Any] | None:
        """The questions of its queue and what was answered; None when its queue has no card."""
        card = self._card_of(recording)
        kept = await self._store.card(recording.id)
        if card is None:
            return None
        questions = [{**asdict(one), "best": one.best} for one in card.questions]
        return {
            "name": card.name,
            "questions": questions,
            "filled": kept if kept and kept["card"] == card.name else None,
        }

    async def fill(
        self, recording: RecordingFile, agent_id: str, answers: Mapping[str, float | None], comment: str, by: str
    ) -> dict[str, Any]:
        """Raises Refused."""
        card, facts = self._card_of(recording), recording.facts
        if card is None:
            raise Refused("no_card", "this queue's calls are not scored")
        if agent_id not in facts["agents"] or agent_id == by:
            raise Refused("not_to_be_scored", f"{agent_id} has no part in it, or is you")
        try:
            points = score(card, answers)
        except BadAnswers as bad:
            raise Refused("bad_answers", str(bad)) from None
        now = self._clock()
        await self._store.keep({
            "recording_id": recording.id, "call_id": facts["call_id"], "call_at": facts["begun_at"],
            "queue": facts["queue"], "agent_id": agent_id, "scorer_id": by, "at": now, "card": card.name,
            "answers": dict(answers), "score": points, "comment": comment,
        })  # fmt: skip
        self._bus.publish(
            events.CallScored(
                at=now, call_id=facts["call_id"], agent_id=agent_id, queue=facts["queue"], recording_id=recording.id,
                by=by, score=points, answers=dict(answers),
            )
        )  # fmt: skip
        told = await self.card(recording)
        assert told is not None  # noqa: S101 - it has just been filled
        return told

    async def report(self, since: float, until: float, queue: str, agent_id: str) -> list[dict[str, Any]]:
        """A line an agent."""
        kept = await self._store.cards(since, until, queue, agent_id)
        scored = [(one["agent_id"], one["card"], one["score"], one["answers"]) for one in kept]
        return [asdict(line) for line in report(self._cards, scored)]

    def _card_of(self, recording: RecordingFile) -> Card | None:
        return self._cards.get(self._of_queue.get(recording.facts.get("queue", ""), ""))
