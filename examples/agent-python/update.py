#!/usr/bin/env python3
"""Keeps a program up to date: drives `dtuf agent run CONFIG --jsonl`, and asks the user before it installs."""

import itertools
import json
import subprocess
import sys


class Agent:
    """An agent in a process of its own: commands go in, events and answers come out, one JSON object a line."""

    def __init__(self, config):
        words = ["dtuf", "agent", "run", config, "--jsonl"]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
        self.ids = itertools.count(1)

    def call(self, command, **members):
        """Gives a command and waits for its answer; shows what happens until then."""
        wanted = next(self.ids)
        self.process.stdin.write(json.dumps({"id": wanted, "command": command, **members}) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            message = json.loads(line)
            if message["type"] == "answer" and message["id"] == wanted:
                if not message["ok"]:
                    raise RuntimeError(f"{message['error']['code']}: {message['error']['message']}")
                return message["result"]
            if message["type"] == "event":
                show(message)
        raise RuntimeError("the agent ended")


def show(message):
    if message["event"] == "progress":
        print(f"{message['step']}: {message['bytes']} of {message['totalBytes']} bytes")
    elif message["event"] in ("staged", "applied", "confirmed", "reverted"):
        print(f"{message['event']}: {message['version']}")


def main(config):
    agent = Agent(config)
    update = agent.call("check", asked=True)["update"]
    if update is None:
        print("up to date")
    elif input(f"Install version {update['version']}? ") == "yes":
        agent.call("stage", version=update["version"], asked=True)
        status = agent.call("apply", version=update["version"], asked=True)
        if status["pending"] is not None:  # no health check is set, so this program says that it works
            status = agent.call("confirm")
        print(f"installed: {status['installed']['version']}")
    agent.call("quit")
    sys.exit(agent.process.wait())


if __name__ == "__main__":
    main(sys.argv[1])
