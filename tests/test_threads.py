"""Which thread is whose."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterator, List

import pytest

from trim_telemetry.collectors.owner import Owner
from trim_telemetry.collectors.threads import Threads

FIRST, SECOND = Owner("first"), Owner("second")


class Worker:
    """A thread that does what it is told to, step by step."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.answered = threading.Event()
        self.answers: List[Any] = []
        self.question: Any = None
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self) -> None:
        """Until it is asked None."""
        while True:
            self.asked.wait()
            self.asked.clear()
            if self.question is None:
                return
            self.answers.append(self.question())
            self.answered.set()

    def ask(self, question: Any) -> Any:
        """Have it answer in its own thread."""
        self.question = question
        self.asked.set()
        if question is None:
            self.thread.join()
            return None
        self.answered.wait()
        self.answered.clear()
        return self.answers.pop()


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.ask(None)


def users(frame: Any) -> Any:
    """The first frame of this file."""
    while frame is not None and frame.f_code.co_filename != __file__:
        frame = frame.f_back
    return frame


def test_thread_of_an_earlier_test_is_leaked(worker: Worker) -> None:
    threads = Threads(users)
    threads.look(FIRST)
    assert worker.ask(lambda: threads.is_leaked(FIRST)) is False
    threads.look(None)  # the next test begins: who was seen once stays whose it is
    assert worker.ask(lambda: threads.is_leaked(SECOND)) is True


def test_thread_of_shared_set_up_is_every_tests(worker: Worker) -> None:
    threads = Threads(users)
    threads.look(None)
    threads.look(FIRST)
    assert worker.ask(lambda: threads.is_leaked(SECOND)) is False


def test_thread_that_has_never_been_seen_is_the_tests(worker: Worker) -> None:
    assert worker.ask(lambda: Threads(users).is_leaked(SECOND)) is False


def test_worker_of_a_pool_that_waits_is_nobodys() -> None:
    threads = Threads(users)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        while any(map(users, _others())):  # the pool's worker is still on its way back
            pass
        threads.look(FIRST)
        assert pool.submit(lambda: threads.is_leaked(SECOND)).result() is False


def _others() -> List[Any]:
    import sys

    own = threading.get_ident()
    return [frame for ident, frame in sys._current_frames().items() if ident != own]


def test_worker_of_a_pool_that_works_is_the_tests() -> None:
    threads = Threads(users)
    begun, go_on = threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        go_on.wait()
        return threads.is_leaked(SECOND)

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(work)
        begun.wait()
        threads.look(FIRST)
        go_on.set()
        assert answer.result() is True


def test_threads_that_are_over_are_forgotten(worker: Worker) -> None:
    threads = Threads(users)
    threads.look(FIRST)
    worker.ask(None)
    threads.look(SECOND)
    assert worker.thread not in [thread for thread, _ in threads._seen.values()]


def test_thread_that_looks_is_nobodys() -> None:
    threads = Threads(users)
    threads.look(FIRST)
    assert threads.started_in() is None


def test_threads_that_are_nobodys_are_not_looked_at_again(worker: Worker) -> None:
    asked: List[Any] = []
    threads = Threads(asked.append)
    threads.look(None)
    threads.look(FIRST)
    threads.look(None)
    assert not asked


def test_class_of_threads_of_the_users_is_asked_nothing() -> None:
    class Sullen(threading.Thread):
        ident = property(lambda self: 1 / 0)  # type: ignore[assignment]  # it is hostile
        is_alive = None  # type: ignore[assignment]  # as above

        def run(self) -> None:
            go_on.wait()
            seen.append(threads.started_in())
            done.set()

    threads, go_on, done = Threads(users), threading.Event(), threading.Event()
    seen: List[Any] = []
    Sullen(daemon=True).start()
    threads.look(FIRST)
    go_on.set()
    done.wait()
    assert seen == [FIRST]
