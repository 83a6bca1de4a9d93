"""Who tried to reach another machine, and whether he may: one Ledger for the process, asked by the guard's hooks.

The hooks are there from the start of a run to the end of the process, and never change; what a test may do is data. No
lock is held while anything of others' is called.
"""

from __future__ import annotations

import sys
from _thread import _count as _thread_count
from _thread import get_ident
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from .. import addresses
from ..allow_list import AllowList
from ..errors import NetworkBlockedError
from .afar import Afar
from .attempt import Attempt
from .call_site import CallSites
from .circumstances import Policy, Surroundings
from .hosts import Hosts
from .owner import Owner
from .refusals import kind_of
from .request import request_of
from .tasks import frame_behind, frame_of_loop
from .threads import frame_of, thread_name
from .timing import Clock

_DISTINCT = 1_000  # attempts of one owner that are told apart
_OF_CHILD = ("command", "file", "line", "function", "test")
_getframe = sys._getframe  # private by name only: logging's findCaller relies on it, too


class Ledger:
    """Judges each call, and writes down those to other machines."""

    def __init__(self) -> None:
        self.active = False
        self.problem: Optional[str] = None  # why it has switched itself off
        self.hosts = Hosts()
        self.is_away = False  # is this a child of the run's process, which is told by `afar`?
        self.afar = Afar()
        self._children: Dict[Tuple[Any, ...], int] = {}  # started, and out of reach: by command, place and test
        self._policy = Policy("block", (), "error")
        self._around: Optional[Surroundings] = None
        self._nobody = Owner(None)
        self._owner = self._nobody
        self._outer: List[Owner] = []  # that wait for a shared set-up to end
        self._home = 0  # the thread that the runner's tests begin in
        self._closed = False
        self._expected: Dict[str, Sequence[Any]] = {}  # by host that another thread looks up: place and request
        self._started_at: Sequence[Any] = ()  # in a child: file, line and function of the parent's that started it

    # -- what a run tells ---

    def start(self, policy: Policy, around: Surroundings, own_name: str) -> None:
        """Begin, or go on with another policy: what was tried before any run was on is kept for the first."""
        self._policy, self._around = policy, around
        self.hosts.start(policy.entries, own_name)
        self._outer, self._owner = [], self._nobody
        self._home = get_ident()
        if self.is_away:  # a worker, forked off by the run's process, that has a session of its own
            self.is_away, self.afar = False, Afar()
        self._started_at = ()
        self._children = {}
        self._closed, self.problem = False, None
        self.active = True

    def start_child(self, given: Mapping[str, Any]) -> None:
        """Begin in a process that a test has started. given: what the parent's child_policy() has said."""
        self.is_away, self.afar.folder = True, given["folder"]
        self._owner = Owner(given["test"])
        self._started_at = given["place"]

    def forked(self) -> None:
        """This is a child of the run's process, and has its memory."""
        self.is_away = True
        self._home = get_ident()
        self._nobody.attempts.clear()
        self._owner.attempts.clear()

    def close(self) -> None:
        """The run is over, and the process is not: whatever comes now is late."""
        self.afar.remove()
        self._closed = True
        self._owner = self._nobody

    def begin(self, test: Owner) -> None:
        """A test begins."""
        self._home = get_ident()
        if self._outer:
            self._outer = []
        self._owner = test

    def begin_again(self) -> None:
        """It is run once more: what was seen so far does not count."""
        self._owner.attempts = {}

    def end(self) -> Sequence[Attempt]:
        """The test is over: return what it tried."""
        owner, self._owner = self._owner, self._nobody
        if _thread_count():  # some of its threads may go on
            self._allowances_of(owner)
        self._take_from_afar(owner)
        owner.over, owner.subject = True, None
        return list(owner.attempts.values()) if owner.attempts else ()

    def enter_shared(self, subject: Any) -> None:
        """A shared set-up (or tear-down) begins, be it within a test: it is nobody's.

        subject: what has allowances for it; None: those of the test that is on.
        """
        self._outer.append(self._owner)
        shared = Owner(None, subject if subject is not None else self._owner.subject)
        shared.attempts = self._nobody.attempts
        self._owner = shared

    def leave_shared(self) -> None:
        """It is over."""
        if self._outer:
            self._owner = self._outer.pop()

    def take_outside(self) -> List[Attempt]:
        """Return what was tried outside of tests since this was last asked."""
        self._take_from_afar(self._nobody)
        attempts = self._nobody.attempts
        taken = list(attempts.values())
        attempts.clear()
        return taken

    def refused(self) -> Optional[Attempt]:
        """Return the first attempt of the test in flight that was refused, if any."""
        self._take_from_afar(self._owner)
        attempts = list(self._owner.attempts.values())
        return next((attempt for attempt in attempts if attempt.blocked), None)

    def _take_from_afar(self, owner: Owner) -> None:
        """Put what children have tried down to the tests that started them. owner: the test in flight, or nobody."""
        if self.afar.folder is None or self.is_away:
            return
        try:
            for values in self.afar.read():
                if "command" in values:
                    key = tuple(values[name] for name in _OF_CHILD)
                    self._children[key] = self._children.get(key, 0) + 1
                else:
                    made = Attempt(values["operation"], values["host"], values["port"], values["blocked"])
                    for name, value in values.items():
                        setattr(made, name, value)
                    self._count(made, owner if made.test == owner.id else self._nobody)
        except Exception as error:  # noqa: BLE001  # the folder is anybody's to write into
            self.broke(error)

    def unguarded(self, command: str) -> None:
        """A process is started that the guard can't reach. command: without its arguments."""
        if not self.active:
            return
        try:
            owner = self._whose()
            values = dict(zip(_OF_CHILD, (command, *self._present_place(owner), owner.id)))
            if self.is_away:
                self.afar.write(values)
            elif len(self._children) < _DISTINCT and values["file"] is not None:
                key = tuple(values[name] for name in _OF_CHILD)
                self._children[key] = self._children.get(key, 0) + 1
        except Exception as problem:  # noqa: BLE001  # ours, whatever it is: the user's process is started
            self.broke(problem)

    def child_lost(self, command: str, error: Exception) -> None:
        """A process is started that could not be told of the guard; the guard of this one is none the worse."""
        if self._around is not None:
            self._around.failed(error)
        self.unguarded(command)

    def take_children(self) -> List[Dict[str, Any]]:
        """Return the processes out of reach that were started since this was last asked."""
        taken, self._children = self._children, {}
        return [{**dict(zip(_OF_CHILD, key)), "count": count} for key, count in taken.items()]

    def child_policy(self) -> Dict[str, Any]:
        """Return what a process that is started now has to know: its test, and what that may reach. Raises OSError."""
        owner = self._whose()
        own = self._around.allowances(owner.subject) if owner.subject is not None and self._around else ()
        entries = [*self._policy.entries, *(service.entry for service in self.hosts.services), *own]
        return {
            "policy": [self._policy.mode, entries, self._policy.refuse_as],
            "test": owner.id,
            "folder": self.prepare_for_children(),
            "place": self._present_place(owner),
            "root": self._around.sites.root if self._around is not None else "",
        }

    def prepare_for_children(self) -> Optional[str]:
        """Return the folder in which children tell what they try; None: nobody will look. Raises OSError."""
        if self.active and not self._closed and not self.is_away:
            self.afar.prepare()
        return self.afar.folder

    def _present_place(self, owner: Owner) -> Sequence[Any]:
        made = Attempt("", None, None, False)
        if self._around is not None:
            self._place(made, self._around.sites, owner)
        return made.file, made.line, made.function

    def error_of(self, attempt: Attempt, kind: Any = NetworkBlockedError) -> NetworkBlockedError:
        """Return the exception that says of it what is to be said."""
        place = None if attempt.file is None else f"{attempt.file}:{attempt.line}"
        made: NetworkBlockedError = kind(attempt.operation, attempt.host, attempt.port, attempt.test, place)
        return made

    # -- what hooks ask ---

    @property
    def refuses_as_outage(self) -> bool:
        """Are refusals to look like an outage?"""
        return self._policy.refuse_as != "error"

    def judge(self, host: Optional[str], port: Any, operation: str) -> Optional[Attempt]:
        """May this host be reached? Raises NetworkBlockedError; None: it is this machine, or nobody asks.

        host: as host_of() returns it.
        """
        __tracebackhide__ = True
        if host is None or host in self.hosts.known or not self.active:
            return None
        try:
            attempt = self._judge(host, addresses.port_of(port), operation)
            error = None
            if attempt is not None and attempt.blocked:
                error = self.error_of(attempt, kind_of(operation, self.refuses_as_outage))
        except Exception as problem:  # noqa: BLE001  # ours, whatever it is: the user's call goes on
            self.broke(problem)
            return None
        if error is not None:
            raise error
        return attempt

    def refuse(self, operation: str) -> None:
        """Something would go past the guard. Raises NetworkBlockedError, where calls are blocked."""
        __tracebackhide__ = True
        if not self.active:
            return
        error = None
        try:
            attempt = self._note(operation, None, None, None, self._policy.mode != "record", self._whose())
            if attempt.blocked:
                error = self.error_of(attempt)
        except Exception as problem:  # noqa: BLE001  # ours, as above
            self.broke(problem)
        if error is not None:
            raise error

    def spent(self, attempt: Attempt, nanoseconds: int) -> None:
        """So long took a call that was allowed."""
        attempt.spent += nanoseconds

    def expect(self, host: str) -> None:
        """Another thread is about to look this host up, for who calls this."""
        if self.active and host not in self.hosts.known:
            try:
                self._expected[host] = (*self._present_place(self._whose()), *request_of(_getframe(1)))
            except Exception as problem:  # noqa: BLE001  # ours, whatever it is: the user's call goes on
                self.broke(problem)

    def expect_no_more(self, host: str) -> None:
        """It has been looked up."""
        self._expected.pop(host, None)

    def resolved(self, host: Optional[str], found: Iterable[Any]) -> None:
        """A name was looked up. found: hosts as the resolver returned them, addresses and other names."""
        if host is None or not self.active:
            return
        try:
            self.hosts.resolved(host, found, self._whose().allowed)
        except Exception as problem:  # noqa: BLE001  # ours, as above
            self.broke(problem)

    def broke(self, error: Exception) -> None:
        """Something of ours failed: switch off, and say so."""
        self.active = False
        self.problem = type(error).__name__
        if self._around is not None:
            self._around.failed(error)

    # -- one call ---

    def _judge(self, host: str, port: Optional[int], operation: str) -> Optional[Attempt]:
        if self.hosts.is_this_machine(host):
            return None
        address = addresses.parse(host)
        owner = self._whose()
        blocked = self._policy.mode != "record" and not self.hosts.admits(
            host, address, port, self._allowances_of(owner)
        )
        if address is None:
            return self._note(operation, host, port, None, blocked, owner)
        name = self.hosts.name_of(address, host)
        return self._note(operation, name, port, addresses.shown(address), blocked, owner)

    def _allowances_of(self, owner: Owner) -> Optional[AllowList]:
        """Return what a test may reach beside the others. Asked only now: most tests never need it."""
        if owner.allowed is None and owner.subject is not None and self._around is not None:
            owner.allowed = AllowList(self._around.allowances(owner.subject))
        return owner.allowed

    def _whose(self) -> Owner:
        """Return who is behind what the present thread does."""
        owner = self._owner
        if self._around is not None and get_ident() != self._home:
            begun_in = self._around.threads.started_in()
            if begun_in is not None and begun_in is not owner:
                owner = begun_in
        return owner

    def _note(
        self,
        operation: str,
        host: Optional[str],
        port: Optional[int],
        address: Optional[str],
        blocked: bool,
        owner: Owner,
    ) -> Attempt:
        made = Attempt(operation, host, port, blocked)
        made.address = address
        made.test = owner.id
        made.first = Clock.now()
        made.thread = thread_name()
        made.method, made.url = request_of(_getframe(2))
        around = self._around
        if around is not None:
            made.phase = around.phase() if owner is self._owner and owner.id is not None else None
            self._place(made, around.sites, owner)
        if host in self._expected and get_ident() != self._home:
            made.file, made.line, made.function, made.method, made.url = self._expected[host]
        if not blocked and not operation.startswith("get"):
            self._follow_look_up(made, owner)
        return self._count(made, owner)

    def _place(self, made: Attempt, sites: CallSites, owner: Owner) -> None:
        """Say where in the user's own code the call was made; a thread of a pool's works for who waits for it."""
        frame = frame_behind(sites.find, _getframe(2))
        if frame is None and owner is self._owner and get_ident() != self._home:
            frame = frame_of_loop(sites.find, frame_of(self._home))
        if frame is not None:
            made.file = sites.relative(frame.f_code.co_filename)
            made.line = frame.f_lineno
            made.function = frame.f_code.co_name
        elif self._started_at:
            made.file, made.line, made.function = self._started_at

    def _follow_look_up(self, made: Attempt, owner: Owner) -> None:
        """A look-up and the connection that follows it are one attempt."""
        for key, earlier in list(self._attempts_of(owner).items()):
            if earlier.unconnected and earlier.host == made.host and earlier.operation.startswith("get"):
                earlier.unconnected -= 1
                earlier.count -= 1
                made.first, made.spent = earlier.first, earlier.spent
                made.method, made.url = made.method or earlier.method, made.url or earlier.url
                if not earlier.count:
                    self._attempts_of(owner).pop(key, None)
                else:
                    earlier.spent = 0
                return

    def _attempts_of(self, owner: Owner) -> Dict[Tuple[Any, ...], Attempt]:
        return self._nobody.attempts if owner.over else owner.attempts

    def _count(self, made: Attempt, owner: Owner) -> Attempt:
        if self.is_away:
            self.afar.write({**{name: getattr(made, name) for name in Attempt.__slots__}, "count": 1})
            made.count = 1
            return made
        if self._closed and self._around is not None:
            made.count = 1
            self._around.late(made)
            return made
        attempts = self._attempts_of(owner)
        key = (*made.key(), made.test)
        times, made.count = max(made.count, 1), 0  # a child has counted its own
        found = attempts.get(key)
        if found is None:
            found = made
            if len(attempts) < _DISTINCT:
                attempts[key] = made
        else:
            found.spent += made.spent
        found.count += times
        if made.operation.startswith("get") and not made.blocked:
            found.unconnected += 1
        return found


ledger = Ledger()  # sockets are guarded in the process, so there is one
