"""Coroutines as tests."""

import unittest


class Async(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        if "set_up" in self._testMethodName:
            raise ValueError("async set-up")

    async def asyncTearDown(self):
        if "tear_down" in self._testMethodName:
            raise ValueError("async tear-down")

    async def test_passes(self):
        pass

    async def test_fails(self):
        self.fail("async")

    async def test_raises(self):
        raise ValueError("async")

    async def test_skips(self):
        self.skipTest("async")

    async def test_set_up_raises(self):
        pass

    async def test_tear_down_raises(self):
        pass

    async def test_subtest_fails(self):
        with self.subTest("async"):
            self.fail("async")

    def test_plain(self):
        pass
