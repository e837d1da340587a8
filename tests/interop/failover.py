"""Moves a path to another source when its own is gone, as operators do it with any such server."""

import re
import sys
import time

import requests

api, path, config_file, backup = sys.argv[1:]

POLL_SECONDS = 0.1


def get(what):
    response = requests.get(f"{api}/v3/{what}", timeout=10)
    response.raise_for_status()
    return response.json()


def wait_until(is_ready):
    while True:
        found = get(f"paths/get/{path}")
        if found["ready"] == is_ready:
            return found
        time.sleep(POLL_SECONDS)


def say(text):
    print(text, flush=True)


found = wait_until(True)
say(f"ready: {','.join(found['tracks'])}")

wait_until(False)
say("gone")

with open(config_file, encoding="utf-8") as file:
    text = file.read()
with open(config_file, "w", encoding="utf-8") as file:
    file.write(re.sub(r'source: \S+', f"source: {backup}", text))
answer = requests.post(f"{api}/v3/reload", timeout=10)
say(f"reloaded: {answer.status_code} {answer.json()['status']}")

source = get(f"config/paths/get/{path}")["source"]
say(f"source: {source}")

found = wait_until(True)
say(f"ready: {','.join(found['tracks'])}")
