"""What the fixtures give beside a workspace: faults on request, and the calls that came."""

from __future__ import annotations

from engine.doors.faults.calls import Calls
from engine.doors.faults.faults import Faults


class Misbehaving:
    """A cloud that misbehaves on request.

    Attributes:
        faults: what the application's next calls meet: `faults.fail("query_index", status=429)`.
    """

    faults: Faults

    @property
    def calls(self) -> Calls:
        """The application's calls so far, in order."""
        return self.faults.calls
