import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("action", ["copy", "move", "link"])
def test_killed_at_any_moment_nothing_is_lost_and_a_run_goes_on_or_back(tmp_path, action):
    command = [sys.executable, str(Path(__file__).with_name("killed.py")), str(tmp_path), action, "2"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(" steps\n")
