"""Whose doing something is: a test's, or nobody's. Collectors put down to it what they see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple

if TYPE_CHECKING:
    from ..allow_list import AllowList
    from .attempt import Attempt


class Owner:
    """A test from its begin on, known as long as a thread of its is alive; or a shared set-up, whose id is None.

    subject: what says what it may reach; attempts: those to reach other machines; over: it is known how it ended.
    """

    __slots__ = ("allowed", "attempts", "id", "over", "subject")

    def __init__(self, test_id: Optional[str], subject: Any = None) -> None:
        self.id = test_id
        self.subject = subject
        self.allowed: Optional[AllowList] = None  # asked only when it is needed
        self.attempts: Dict[Tuple[Any, ...], Attempt] = {}
        self.over = False
