"""Tests as pytest-django has them: fixtures and marks in place of classes. Only pytest is shown this file."""

import pytest
from library.expected import annotated, expects
from library.models import Author, Kept

runs = []


@pytest.fixture(autouse=True)
def _expected(request):
    annotated(request.function)


@pytest.fixture
def author(db):
    """An author of this test's."""
    return Author.objects.create(name="x")


@pytest.fixture(scope="module")
def shared(django_db_setup, django_db_blocker):
    """An author of the module's."""
    with django_db_blocker.unblock():
        made = Author.objects.using("other").create(name="shared")
    yield made
    with django_db_blocker.unblock():
        made.delete(using="other")


@expects(1, SELECT=1, by_phase={"call": 1})
def test_db(db):
    Author.objects.count()


@expects(2, INSERT=1, SELECT=1, by_phase={"setup": 1, "call": 1})
def test_fixture(author):
    assert Author.objects.count() == 1


@expects(1, SELECT=1, by_phase={"call": 1})
@pytest.mark.django_db(databases=["default", "other"])
def test_wider_fixture(shared):
    assert Author.objects.using("other").count() == 1


@expects(3, INSERT=1, OTHER=2, transaction_statements=2, by_phase={"call": 3})
def test_transactional(transactional_db):
    from django.db import transaction

    with transaction.atomic():
        Author.objects.create(name="x")


@expects(1, SELECT=1, by_phase={"call": 1})
@pytest.mark.django_db(transaction=True, reset_sequences=False)
def test_marked():
    Author.objects.count()


@expects(2, SELECT=2, by_phase={"call": 2})
def test_asserted(db, django_assert_num_queries, django_assert_max_num_queries):
    with django_assert_max_num_queries(2), django_assert_num_queries(2):
        Author.objects.count()
        Author.objects.exists()


@expects(2, SELECT=1, INSERT=1, by_phase={"call": 2})
def test_on_commit(db, django_capture_on_commit_callbacks):
    from django.db import transaction

    with django_capture_on_commit_callbacks(execute=True):
        Author.objects.create(name="x")
        transaction.on_commit(Author.objects.count)


@expects(1, SELECT=1, by_phase={"call": 1})
def test_client(db, client):
    assert client.get("/").content == b"0"


@expects(2, SELECT=2, by_phase={"call": 2})
def test_server(live_server):
    from urllib.request import urlopen

    for _ in range(2):
        with urlopen(live_server.url) as response:
            assert response.read() == b"0"


@expects(1, SELECT=1, by_phase={"call": 1})
@pytest.mark.parametrize("number", range(2))
def test_parametrized(db, number):
    Author.objects.count()


@expects(2, SELECT=2, by_phase={"setup": 1, "call": 1})
@pytest.mark.flaky(reruns=2)
def test_run_again(asked):
    runs.append(1)
    Author.objects.count()
    if len(runs) < 3:
        for _ in range(5):
            Author.objects.count()
        raise AssertionError(len(runs))


@pytest.fixture
def asked(db):
    """One statement before the test."""
    return Author.objects.count()


@expects(0)
def test_blocked():
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        Kept.objects.count()
