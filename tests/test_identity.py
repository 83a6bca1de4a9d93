"""Which object it is: asked without an audit hook being told, and the same answer as id()'s but for its bits' order."""

import subprocess
import sys

from trim_telemetry.identity import identity

from .support import environment


def test_each_object_has_its_own_however_it_compares() -> None:
    alike = [compile("1", "made", "eval") for _ in range(2)]
    assert alike[0] == alike[1]
    objects = [[], [], {}, "a", 1, 1.0, True, type, *alike]
    assert len({identity(one) for one in objects}) == len(objects)
    assert [identity(one) for one in objects] == [identity(one) for one in objects]


def test_no_audit_hook_is_told() -> None:
    program = """if True:
        import sys
        from trim_telemetry.identity import identity
        told = []
        sys.addaudithook(lambda event, arguments: told.append(event))
        one = object()
        id(one)
        print(told)
        told.clear()
        identity(one)
        print(told)
    """
    done = subprocess.run([sys.executable, "-c", program], env=environment(), stdout=-1, check=True, timeout=60)
    assert done.stdout.decode().split() == ["['builtins.id']", "[]"]
