"""A headless Chromium, driven by its DevTools protocol over two pipes: no driver program and no package are needed."""

import base64
import json
import os
import subprocess
import time

PATIENCE_SECONDS = 60

# Chromium reads commands from descriptor 3 and writes answers to 4.
LAUNCH = 'exec "$@" 3<&{commands} 4>&{answers}'
OPTIONS = ["--headless", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run", "--lang=en-US", "--window-size=1400,1000"]


class Browser:
    """One page. `complaints` are what it threw, and what its console says of errors; `requests` are those that have no end yet, by id."""

    def __init__(self, chromium: str, profile: str):
        command_reader, self._commands = os.pipe()
        self._answers, answer_writer = os.pipe()
        line = ["bash", "-c", LAUNCH.format(commands=command_reader, answers=answer_writer), "bash", chromium, *OPTIONS]
        self._process = subprocess.Popen(
            [*line, f"--user-data-dir={profile}"],
            pass_fds=(command_reader, answer_writer),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LANG": "C.UTF-8"},
        )
        self.pid = self._process.pid
        os.close(command_reader)
        os.close(answer_writer)
        self._rest = b""
        self._number = 0
        self._session = ""
        self.complaints: list[str] = []
        self.requests: dict[str, str] = {}
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(timeout=20)
        os.close(self._commands)
        os.close(self._answers)

    def open(self, url: str):
        """A new document, also where only the part behind # differs."""
        self._call("Page.navigate", url="about:blank")
        self.complaints.clear()
        self.requests.clear()
        self._call("Page.navigate", url=url)
        self.wait("location.href !== 'about:blank' && document.readyState === 'complete'")

    def value(self, expression: str):
        """Of JavaScript in the page; what a promise gives, once it does."""
        done = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise RuntimeError(f"{expression}: {done['exceptionDetails']}")
        return done["result"].get("value")

    def wait(self, expression: str):
        """Until it is true; fails with what the page shows."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.value(expression):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{expression}; {self.complaints}; the page: {self.value('document.body?.innerText')}")
            time.sleep(0.05)

    def resize(self, width: int, height: int):
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, scheme: str):
        """As a system whose windows are light or dark."""
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def press(self, key: str, code: int, text: str = "", shift: bool = False):
        """A key of the keyboard, and lets it go."""
        shared = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self._call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **shared)
        self._call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def move(self, x: float, y: float):
        self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def drag(self, start: tuple[float, float], end: tuple[float, float]):
        """With the mouse's left button."""
        self.move(*start)
        held = {"button": "left", "buttons": 1, "clickCount": 1}
        self._call("Input.dispatchMouseEvent", type="mousePressed", x=start[0], y=start[1], **held)
        self._call("Input.dispatchMouseEvent", type="mouseMoved", x=end[0], y=end[1], **held)
        self._call("Input.dispatchMouseEvent", type="mouseReleased", x=end[0], y=end[1], **held)

    def save_into(self, folder: str):
        """Where the page's downloads go."""
        self._call("Browser.setDownloadBehavior", behavior="allow", downloadPath=folder)

    def picture(self) -> bytes:
        """What the window shows, as PNG."""
        return base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"])

    def _call(self, method: str, **parameters) -> dict:
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while True:
            message = self._read()
            if message.get("id") == self._number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self._note(message)

    def _read(self) -> dict:
        while b"\0" not in self._rest:
            part = os.read(self._answers, 1 << 16)
            if not part:
                raise RuntimeError("Chromium has ended")
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def _note(self, message: dict):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(parameters["exceptionDetails"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.complaints.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
        elif method == "Network.requestWillBeSent":
            self.requests[parameters["requestId"]] = parameters["request"]["url"]
        elif method in ("Network.loadingFinished", "Network.loadingFailed"):
            self.requests.pop(parameters["requestId"], None)
