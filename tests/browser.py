"""Drive the machine's own Chromium through the DevTools protocol: no browser download, no driver, one socket.

https://chromedevtools.github.io/devtools-protocol/ names the methods used here.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from websockets.sync.client import ClientConnection, connect

from tests.waiting import until

Found = TypeVar("Found")

NAMES = ("chromium", "chromium-browser", "google-chrome")
SKIP_REASON = f"none of {', '.join(NAMES)} is installed"
DEADLINE = 20.0
"""Seconds that anything in the page may take; generous, because several suites may share the machine's cores."""

_GONE = ("navigated", "context was destroyed", "Cannot find context", "collected")
"""Of Chromium's words for a question to a document that has just been replaced."""

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-first-run",
    "--no-proxy-server",
    "--mute-audio",
    "--remote-debugging-port=0",
)
# Key name to (text it writes, Windows key code); without the code Chromium's fields ignore the key.
KEYS = {
    "Enter": ("\r", 13),
    "Tab": ("", 9),
    "Escape": ("", 27),
    "Backspace": ("", 8),
    "ArrowUp": ("", 38),
    "ArrowDown": ("", 40),
    "ArrowLeft": ("", 37),
    "ArrowRight": ("", 39),
}
SHIFT = 8


class BrowserError(Exception):
    """The page or the browser did not do what was asked; the message says what was waited for."""


def chromium_path() -> str | None:
    """Where the browser is, or None when this machine has none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One headless Chromium with one page. Use it as a context manager; it leaves no process and no file."""

    def __init__(self, width: int = 1440, height: int = 900) -> None:
        path = chromium_path()
        if path is None:
            raise BrowserError(SKIP_REASON)
        self._profile = Path(tempfile.mkdtemp(prefix="browser-"))
        self._process = subprocess.Popen(
            [path, *FLAGS, f"--user-data-dir={self._profile}", f"--window-size={width},{height}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._stack = contextlib.ExitStack()
        self._socket: ClientConnection | None = None
        self._session: str | None = None
        self._calls = 0
        self.problems: list[str] = []
        """Uncaught errors and policy violations of the page, in the order in which they happened."""
        try:
            self._open(width, height)
        except BaseException:
            self.close()
            raise

    def _open(self, width: int, height: int) -> None:
        address = until(self._address, DEADLINE, otherwise=lambda: "Chromium did not open its debugging port")
        self._socket = self._stack.enter_context(connect(address, max_size=None, proxy=None))
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.resize(width, height)

    def _address(self) -> str:
        if self._process.poll() is not None:
            raise BrowserError(f"Chromium ended with status {self._process.returncode}")
        # Chromium writes the port on the first line and the socket's path on the second.
        file = self._profile / "DevToolsActivePort"
        lines = file.read_text().splitlines() if file.exists() else []
        return f"ws://127.0.0.1:{lines[0]}{lines[1]}" if len(lines) == 2 else ""

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of one protocol method. Raises BrowserError when Chromium refuses or does not answer."""
        if self._socket is None:
            raise BrowserError("the browser is closed")
        self._calls += 1
        number = self._calls
        request: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            request["sessionId"] = self._session
        self._socket.send(json.dumps(request))
        while True:
            try:
                answer: dict[str, Any] = json.loads(self._socket.recv(timeout=DEADLINE))
            except TimeoutError as error:
                raise BrowserError(f"Chromium did not answer {method}") from error
            if answer.get("id") != number:
                self._note(answer)
            elif "error" in answer:
                raise BrowserError(f"{method}: {answer['error']['message']}")
            else:
                return dict(answer["result"])

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description") or details["text"])
        if event.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.problems.append(f"{params['entry']['text']} {params['entry'].get('url', '')}".strip())

    def evaluate(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression; a promise is awaited. Raises BrowserError when it throws."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description") or details["text"])
        return result["result"].get("value")

    def goto(self, url: str) -> None:
        """Open an address and wait until the document and its modules are loaded."""
        failure = self.call("Page.navigate", url=url).get("errorText")
        if failure:
            raise BrowserError(f"{url}: {failure}")
        self.wait_for("document.readyState === 'complete'")

    def wait_for(self, expression: str, seconds: float = DEADLINE) -> Any:
        """The first truthy value of a JavaScript expression (True for an element). Raises AssertionError after so many
        seconds."""
        # An element has no JSON of its own and would arrive as {}, which Python takes for nothing.
        found = f"(async () => {{ const it = await ({expression}); return it instanceof Node ? true : it; }})()"

        def look() -> Any:
            try:
                return self.evaluate(found)
            except BrowserError as error:
                # The document is just being replaced by the next.
                if any(word in str(error) for word in _GONE):
                    return None
                raise

        return until(
            look,
            seconds,
            otherwise=lambda: f"{expression}; the page's own problems: {self.problems[-3:]}",
        )

    def click(self, selector: str) -> None:
        """Press the middle of the first element that matches, as soon as it is there, enabled and still."""
        found = f"document.querySelector({json.dumps(selector)})"
        middle = (
            f"(async () => {{ const e = {found}; if (!e || e.disabled) return null;"
            " e.scrollIntoView({block: 'nearest'}); const a = e.getBoundingClientRect();"
            " await new Promise((go) => setTimeout(go, 20)); const b = e.getBoundingClientRect();"
            " if (!b.width || a.x !== b.x || a.y !== b.y) return null;"
            " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        x, y = self.wait_for(middle)
        mouse = {"x": x, "y": y, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, **mouse)

    def write(self, text: str) -> None:
        """Write into the focused field, as an input method does: all at once."""
        self.call("Input.insertText", text=text)

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release a key of ``KEYS`` or a single character."""
        text, code = KEYS.get(key) or (key, ord(key.upper()))
        shared = {"key": key, "windowsVirtualKeyCode": code, "modifiers": SHIFT if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **shared)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def text(self, selector: str) -> str:
        """The visible text of the first element that matches, as soon as it is there."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.wait_for(f"{found} !== null")
        return str(self.evaluate(f"{found}.innerText"))

    def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        """Give the page this size in CSS pixels; a phone's has two device pixels for each and touches."""
        scale = 2 if phone else 1
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone
        )

    def prefer(self, scheme: str) -> None:
        """Tell the page that the person's system is "light" or "dark"."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path: Path) -> None:
        """Write what is seen now as a PNG file."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        """End Chromium with all its processes and remove its profile; a second call does nothing."""
        if self._socket is not None:
            with contextlib.suppress(Exception):
                self._session = None
                self.call("Browser.close")
            self._stack.close()
            self._socket = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()
