"""What is imported without the package that it needs: one line says how to install it."""

import subprocess
import sys

import pytest

EXTRAS = {"jinja": "jinja2", "metrics": "prometheus_client", "redis": "redis"}
APP = "import sys\nsys.modules[{package!r}] = None\nimport microdot.{module}\n"


@pytest.mark.parametrize("module", EXTRAS)
def test_a_missing_package_is_one_line(module, tmp_path):
    (tmp_path / "app.py").write_text(APP.format(package=EXTRAS[module], module=module))
    command = [sys.executable, "-m", "microdot", "routes"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 3
    line = f"microdot: cannot import app: app.py, line 3: ImportError: microdot.{module} needs "
    assert done.stderr.startswith(line) and done.stderr.count("\n") == 1
    assert done.stderr.endswith(f": pip install 'microdot-cpython[{module}]'\n")


@pytest.mark.parametrize("module", EXTRAS)
def test_a_server_says_the_same(module):
    """A server shows a traceback, whose last line counts."""
    program = APP.format(package=EXTRAS[module], module=module)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "During handling" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: microdot.{module} needs ") and f"microdot-cpython[{module}]" in last
