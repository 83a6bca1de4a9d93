"""In other threads: the test's own, a pool's, an earlier test's, a live server's, asyncio's."""

import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.request import urlopen

import django
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import LiveServerTestCase, TestCase, TransactionTestCase, tag
from library.expected import Expecting, expects, uses_database
from library.models import Author

HAS_ASYNC_ORM = django.VERSION >= (4, 1)
PATIENCE = 60


def in_thread(function):
    """Run it in another thread, on that thread's own connections."""

    def run():
        try:
            function()
        except Exception as error:  # noqa: BLE001  # raised where it is seen
            raised.append(error)
        finally:
            connections.close_all()

    raised = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


class Threads(Expecting, TransactionTestCase):
    """On connections of other threads."""

    @expects(3, SELECT=3)
    def test_thread(self):
        in_thread(lambda: [Author.objects.count() for _ in range(2)])
        Author.objects.count()

    @expects(8, SELECT=8)
    def test_at_once(self):
        threads = [threading.Thread(target=in_thread, args=(self.two,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def two(self):
        Author.objects.count()
        Author.objects.exists()


class Pooled(Expecting, TransactionTestCase):
    """A pool of the class: its worker is idle between the tests, and is no test's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pool = ThreadPoolExecutor(1)

    @classmethod
    def tearDownClass(cls):
        cls.pool.submit(connections.close_all).result()
        cls.pool.shutdown()
        super().tearDownClass()

    @expects(1, SELECT=1)
    def test_1(self):
        self.pool.submit(Author.objects.count).result()

    @expects(2, SELECT=2)
    def test_2(self):
        for _ in range(2):
            self.pool.submit(Author.objects.count).result()


class Leaks(Expecting, TransactionTestCase):
    """A thread that the first test leaves running, and which goes on while the second is on."""

    go, done = threading.Event(), threading.Event()

    @expects(2, SELECT=2)
    def test_1_starts(self):
        started = threading.Event()

        def run():
            try:
                Author.objects.count()
                started.set()
                self.go.wait(PATIENCE)
                Author.objects.count()
                Author.objects.count()
            finally:
                connections.close_all()
                self.done.set()

        threading.Thread(target=run, daemon=True).start()
        self.assertTrue(started.wait(PATIENCE))
        Author.objects.count()

    @expects(1, SELECT=1, leaked=2, unlogged=-2)
    def test_2_is_on_meanwhile(self):
        Author.objects.count()
        self.go.set()
        self.assertTrue(self.done.wait(PATIENCE))

    @expects(1, SELECT=1, leaked=0)
    def test_3_is_behind_it(self):
        Author.objects.count()


class Served(Expecting, LiveServerTestCase):
    """By a server in another thread."""

    @expects(2, SELECT=2)
    def test_server(self):
        for _ in range(2):
            with urlopen(self.live_server_url) as response:
                self.assertEqual(response.read(), b"0")


class KeptAlive(Expecting, LiveServerTestCase):
    """By a thread of the server's that an earlier test's request has begun."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.http = HTTPConnection(cls.server_thread.host, cls.server_thread.port, PATIENCE)

    @classmethod
    def tearDownClass(cls):
        cls.http.close()
        super().tearDownClass()

    def get(self):
        """Ask on the connection that there is."""
        self.http.request("GET", "/")
        self.assertEqual(self.http.getresponse().read(), b"0")
        self.assertIsNotNone(self.http.sock)

    @expects(1, SELECT=1, leaked=0)
    def test_1(self):
        self.get()

    @expects(2, SELECT=2, leaked=0)
    def test_2(self):
        self.get()
        self.get()


class Async(Expecting, TestCase):
    """In coroutines, on the test's own connection."""

    @expects(2, SELECT=2)
    async def test_sync_to_async(self):
        self.assertEqual(await sync_to_async(Author.objects.count)(), 0)
        self.assertEqual(await sync_to_async(list)(Author.objects.all()), [])

    @unittest.skipUnless(HAS_ASYNC_ORM, "since Django 4.1")
    @expects(4, SELECT=3, INSERT=1)
    async def test_orm(self):
        made = await Author.objects.acreate(name="x")
        self.assertEqual((await Author.objects.aget(pk=made.pk)).name, "x")
        self.assertEqual([author.pk async for author in Author.objects.all()], [made.pk])
        self.assertEqual(await Author.objects.acount(), 1)

    @expects(1, SELECT=1)
    async def test_client(self):
        response = await self.async_client.get("/")
        self.assertEqual(response.content, b"0")


@tag("isolated")  # Django can't send them to its workers
@uses_database
class Isolated(Expecting, unittest.IsolatedAsyncioTestCase):
    """In coroutines of unittest's: not on the connection of the test's thread."""

    databases = {"default"}

    async def asyncTearDown(self):
        await sync_to_async(connections.close_all)()

    @expects(2, SELECT=2)
    async def test_1_sync_to_async(self):
        await sync_to_async(Author.objects.count)()
        await sync_to_async(list)(Author.objects.all())

    @unittest.skipUnless(HAS_ASYNC_ORM, "since Django 4.1")
    @expects(2, SELECT=2)
    async def test_2_orm(self):
        await Author.objects.acount()
        self.assertEqual([author async for author in Author.objects.all()], [])
