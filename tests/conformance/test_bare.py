"""What holds the door against its table where there is no pytest can tell right from wrong."""

from .bare import differences

TABLE = {"test_a.A.test_one": "passed", "test_a.A.test_two": "skipped xfailed"}


def record(name, status, outcome):
    return {"id": name, "status": status, "outcome": outcome}


ONE = record("test_a.A.test_one", "passed", "passed")
TWO = record("test_a.A.test_two", "skipped", "xfailed")


def test_the_verdicts_of_the_table_are_no_difference():
    assert list(differences(TABLE, [ONE, TWO])) == []


def test_another_verdict_is_said():
    wrong = record("test_a.A.test_two", "skipped", "skipped")
    assert list(differences(TABLE, [ONE, wrong])) == ["test_a.A.test_two: skipped, not skipped xfailed"]


def test_a_test_without_a_record_is_said():
    assert list(differences(TABLE, [ONE])) == ["test_a.A.test_two: no record, not skipped xfailed"]


def test_a_record_that_the_table_does_not_know_is_said():
    other = record("test_b.B.test_new", "passed", "passed")
    assert list(differences(TABLE, [ONE, TWO, other])) == ["test_b.B.test_new: passed, not in the table"]


def test_a_second_record_of_a_test_is_said():
    assert list(differences(TABLE, [ONE, TWO, ONE])) == ["test_a.A.test_one: 2 records, not 1"]
