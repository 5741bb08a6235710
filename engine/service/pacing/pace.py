"""How long each step takes that the cloud takes its time for. Knows durations; not what time it is."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.assumptions import (
    CLOUD_ENDPOINT_SECONDS,
    CLOUD_FOLLOW_SECONDS,
    CLOUD_SERVING_SECONDS,
    CLOUD_SETUP_SECONDS,
    CLOUD_SYNC_SECONDS,
    CLOUD_WRITE_SECONDS,
)
from engine.errors import InvalidInputException

INSTANT, CLOUD = "instant", "cloud"
LONGEST_SECONDS = 86_400.0
_SETUP_SHARE = 0.25  # of the seconds of a sync: the set-up of its pipeline's resources


@dataclass(frozen=True)
class Pace:
    """Durations in seconds; all are 0 where everything is done at once.

    Attributes:
        endpoint: from PROVISIONING, STARTING or STOPPING of a vector search endpoint to its end.
        setup, sync: the two parts of a sync, and of an index's provisioning: resources, then rows.
        follow: from a change of a table until its CONTINUOUS index shows it.
        write: from the reply to an upsert or deletion until queries see it.
        serving: from a serving endpoint's configuration until it answers.
    """

    endpoint: float = 0.0
    setup: float = 0.0
    sync: float = 0.0
    follow: float = 0.0
    write: float = 0.0
    serving: float = 0.0

    @property
    def is_instant(self) -> bool:
        """Whether nothing takes any time."""
        return not self.longest

    @property
    def longest(self) -> float:
        """Seconds after which all is over that has begun by now, an index on a new endpoint too."""
        made = self.endpoint + self.setup + self.sync
        return max(made, self.follow, self.write, self.serving)

    @staticmethod
    def parse(text: object) -> Pace:
        """A pace by what `Settings.pace` and VITRINE_PACE take.

        Args:
            text: "instant"; "cloud"; or seconds, such as "0.5", that each transition takes in all.

        Raises:
            InvalidInputException: none of these.
        """
        word = str(text).strip().lower()
        if word == INSTANT:
            return Pace()
        if word == CLOUD:
            return Pace(
                CLOUD_ENDPOINT_SECONDS,
                CLOUD_SETUP_SECONDS,
                CLOUD_SYNC_SECONDS,
                CLOUD_FOLLOW_SECONDS,
                CLOUD_WRITE_SECONDS,
                CLOUD_SERVING_SECONDS,
            )
        try:
            each = float(word)
        except ValueError:
            each = -1.0
        if not 0 <= each <= LONGEST_SECONDS:  # neither does NaN
            raise InvalidInputException(
                f"pace is {text!r:.80}; expected {INSTANT}, {CLOUD} or seconds that each transition "
                f"takes, such as 0.5, at most {LONGEST_SECONDS:.0f}. It is set by VITRINE_PACE, or "
                "pace= of Settings."
            )
        setup = each * _SETUP_SHARE
        return Pace(each, setup, each - setup, each, each, each)
