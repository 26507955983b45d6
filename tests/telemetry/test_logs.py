"""Every line is one JSON object, whoever wrote it."""

import json
import subprocess
import sys

SOURCE = """
import logging, threading, structlog
from slipway import logs
from slipway.telemetry import tracing

logs.configure("test")
structlog.get_logger().info("own_line", fence=1)
with tracing.span("one", parent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
    logging.getLogger("some.library").warning("of a library: %s", "two\\nlines")
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logging.getLogger("some.library").exception("it broke")
logging.getLogger("some.library").info("not wanted")
thread = threading.Thread(target=logging.getLogger("some.library").warning, args=("of a thread",))
thread.start()
thread.join()
"""


def test_lines_of_libraries_are_json_too():
    done = subprocess.run([sys.executable, "-c", SOURCE], capture_output=True, text=True, check=True, timeout=60)
    own, library, broken, threads = [json.loads(line) for line in done.stderr.splitlines()]
    assert (own["event"], own["service"], own["level"], own["fence"]) == ("own_line", "test", "info", 1)
    assert (library["event"], library["level"]) == ("of a library: two\nlines", "warning")
    assert (library["logger"], library["service"]) == ("some.library", "test")
    assert library["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert "RuntimeError: broken" in broken["exception"]
    assert (threads["event"], threads["service"]) == ("of a thread", "test")
