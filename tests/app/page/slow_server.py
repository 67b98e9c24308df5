"""The real server, with a scripted slow model: `slow_server.py PORT FOLDER [PAUSE]`."""

import os
import sys
from pathlib import Path

from app import server
from app.access import Keys
from app.runtime import Runtime
from retriever import Retriever, open_index
from tests.app.fakes import ScriptedModel

STEPS = [f"Step {n} is to fill form {n} and send it" for n in range(1, 13)]
DOCUMENT = f"# Returns\n\nThe return window is 30 days from delivery. {'. '.join(STEPS)}.\n"
REPLY = " ".join(f"{sentence} [1]." for sentence in ("The return window is 30 days", *STEPS))


def main(port: int, folder: Path, pause: float = 0.08) -> None:
    def connect() -> Retriever:
        model = ScriptedModel(REPLY, pause=pause)
        index = open_index(folder / "index", model.id)
        return Retriever(model, index)

    key = os.environ.get("DUET_API_KEY")
    runtime = Runtime(connect, uploads=folder / "uploads", keys=Keys.of(key) if key else None)
    application = server.create_application(runtime, local=True)
    application.run(config=server.configuration("127.0.0.1", port))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), *map(float, sys.argv[3:]))
