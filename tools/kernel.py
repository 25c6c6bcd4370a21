"""Holds what happens while a cell runs, which a saved notebook cannot tell: progress is one output that changes in place,
and the stop button ends kms_map() and keeps what is finished.

Usage: python tools/kernel.py
"""

import contextlib
import os
import sys
import tempfile
import time

# As in notebooks.py: before anything of Jupyter is imported, no settings of the user's.
_scratch = tempfile.TemporaryDirectory(prefix="kmsr-kernel-")
for _name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
    os.environ[_name] = os.path.join(_scratch.name, _name.lower())

from jupyter_client.manager import start_new_kernel  # noqa: E402

SETUP = """
library(kmsr)
emulator <- kms_emulator()
svc <- emulator$client()
key <- svc$create_key()$KeyMetadata$KeyId
"""
# Four seconds at the given pace.
SLOW = 'results <- kms_map(svc$encrypt, KeyId = key, Plaintext = sprintf("value %d", 1:80), rate = 20)'


def main():
    failed = 0
    with kernel() as (manager, client):
        run(client, SETUP)
        for check in (progress_changes_in_place, interrupt_keeps_what_is_finished):
            try:
                check(manager, client)
                print(f"{check.__name__}: ok", flush=True)
            except AssertionError as error:
                failed += 1
                print(f"{check.__name__}: {error}", flush=True)
    print(f"\n{2 - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def progress_changes_in_place(manager, client):
    messages = run(client, SLOW)
    shown = [m for m in messages if m["msg_type"] in ("display_data", "update_display_data")]
    kinds = [m["msg_type"] for m in shown]
    assert kinds[:1] == ["display_data"] and set(kinds[1:]) == {"update_display_data"}, f"outputs are {kinds}"
    ids = {m["content"]["transient"]["display_id"] for m in shown}
    assert len(ids) == 1, f"there are {len(ids)} outputs"
    last = shown[-1]["content"]["data"]
    assert '<progress value="80" max="80">' in last["text/html"], f"the last is {last['text/html']}"
    assert "80 of 80" in last["text/plain"], f"the last is {last['text/plain']}"


def interrupt_keeps_what_is_finished(manager, client):
    began = time.monotonic()
    stopped = []

    def stop(message):
        # When the progress shows, calls are under way.
        if message["msg_type"] == "display_data" and not stopped:
            stopped.append(time.monotonic())
            manager.interrupt_kernel()

    messages = run(client, SLOW.replace("1:80", "1:400"), stop)
    ended = time.monotonic()
    assert stopped, "no progress was shown"
    assert ended - stopped[0] < 2, f"it took {ended - stopped[0]:.1f} s to stop"
    assert ended - began < 15, "the calls were all made"
    said = "".join(m["content"].get("text", "") for m in messages if m["msg_type"] == "stream")
    assert "Interrupted: " in said, f"the cell said {said!r}"
    told = text(run(client, "cat(length(results), sum(lengths(lapply(results, `[[`, 'CiphertextBlob')) > 0), class(results[[400]])[1])"))
    length, finished, last = told.split()
    assert length == "400" and 20 <= int(finished) < 400 and last == "kmsr_unfinished_error", f"what is kept is {told}"
    again = text(run(client, "cat(length(kms_map(svc$encrypt, KeyId = key, Plaintext = c('a', 'b'))))"))
    assert again == "2", f"afterwards it answers {again!r}"


@contextlib.contextmanager
def kernel():
    manager, client = start_new_kernel(kernel_name="ir", startup_timeout=60)
    try:
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client, code, watch=lambda message: None):
    """Runs a cell and returns the messages about it."""
    messages = []

    def keep(message):
        messages.append(message)
        watch(message)

    reply = client.execute_interactive(code, output_hook=keep, timeout=60, allow_stdin=False)
    status = reply["content"]["status"]
    assert status == "ok", f"the cell ends with {status}: {reply['content'].get('evalue')}"
    return messages


def text(messages):
    return "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream").strip()


if __name__ == "__main__":
    sys.exit(main())
