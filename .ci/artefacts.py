#!/usr/bin/env python3
"""Tries what was built for deployment: is every group there, for the right processor, and does every function start?

    artefacts.py x86_64 [--start]

Reads functions and groups from infra/template.yaml. With --start each function runs under Lambda's own Runtime
Interface Emulator (it ships inside aws-sam-cli) and gets its event from events/, with a token that is none and no AWS
in reach: an endpoint must refuse it by itself (below 500), a worker must have nothing to do with an empty batch. What
is tried is the artefact (libc, linking, main, configuration); what functions do is the business of the other tests.
"""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import samcli
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
ELF_MACHINES = {0x3E: "x86_64", 0xB7: "arm64"}
# Amazon Linux 2023, the base of provided.al2023.
NEWEST_GLIBC = (2, 34)
NOBODY = "http://127.0.0.1:9"
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_SESSION_TOKEN": "none",
    "AWS_ENDPOINT_URL": NOBODY,
    "AWS_LAMBDA_FUNCTION_TIMEOUT": "60",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
}
# Values for the variables that the template sets; a variable that is not here gets its own name.
VALUES = {
    "ISSUER": NOBODY,
    "PROBLEM_BASE": "https://api.novatrade24.com/problems/",
    "REQUIRED_DPA_VERSION": "2026-01",
    "VIES_URL": NOBODY,
    "VIES_REQUESTER": "",
    "VIES_LANES": "2",
}


class Unfit(Exception):
    """What is wrong with an artefact."""


def functions(template: dict) -> list[dict]:
    everyone = set(template.get("Globals", {}).get("Function", {}).get("Environment", {}).get("Variables", {}))
    found = []
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            properties = resource["Properties"]
            own = set(properties.get("Environment", {}).get("Variables", {}))
            found.append(
                {
                    "name": properties["Handler"],
                    "code": (ROOT / "infra" / properties["CodeUri"]).resolve() / "bootstrap",
                    "variables": {name: VALUES.get(name, name) for name in everyone | own},
                }
            )
    return found


def examine(code: Path, architecture: str) -> str:
    if not os.access(code, os.X_OK):
        raise Unfit(f"{code} is missing or not executable")
    content = code.read_bytes()
    machine = ELF_MACHINES.get(int.from_bytes(content[18:20], "little")) if content[:4] == b"\x7fELF" else None
    if machine != architecture:
        raise Unfit(f"{code} is for {machine}, not for {architecture}")
    needs = max(
        ((int(major), int(minor)) for major, minor in re.findall(rb"GLIBC_(\d+)\.(\d+)", content)), default=(0, 0)
    )
    if needs > NEWEST_GLIBC:
        raise Unfit(f"{code} needs glibc {needs[0]}.{needs[1]}; Lambda has {NEWEST_GLIBC[0]}.{NEWEST_GLIBC[1]}")
    return f"{len(content) / 1e6:.1f} MB, glibc {needs[0]}.{needs[1]}"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def event(name: str) -> dict:
    text = (ROOT / "events" / f"{name}.json").read_text()
    nobody = "00000000-0000-4000-8000-000000000000"
    loaded = json.loads(text.replace("${TOKEN}", "none").replace("${SELLER}", nobody).replace("${BUYER}", nobody))
    if "Records" in loaded:
        loaded["Records"] = []
    return loaded


def invoke(function: dict, architecture: str) -> dict:
    emulator = Path(samcli.__file__).parent / "local" / "rapid" / f"aws-lambda-rie-{architecture}"
    front, runtime = free_port(), free_port()
    command = [
        str(emulator),
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{front}",
        "--runtime-api-address",
        f"127.0.0.1:{runtime}",
        str(function["code"]),
        function["name"],
    ]
    environment = ENVIRONMENT | function["variables"] | {"AWS_LAMBDA_FUNCTION_NAME": function["name"]}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            request = urllib.request.Request(
                f"http://127.0.0.1:{front}/2015-03-31/functions/function/invocations",
                data=json.dumps(event(function["name"])).encode(),
            )
            for attempt in range(50):
                try:
                    with urllib.request.urlopen(request, timeout=70) as answer:
                        return json.loads(answer.read() or b"null")
                except urllib.error.URLError as refused:
                    if not isinstance(refused.reason, ConnectionRefusedError) or attempt == 49:
                        raise
                    time.sleep(0.1)
        except (OSError, ValueError) as error:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace"))
            raise Unfit(f"no answer: {error}") from error
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def judge(answer) -> str:
    if isinstance(answer, dict) and "statusCode" in answer:
        if answer["statusCode"] >= 500:
            raise Unfit(f"answers {answer['statusCode']}: {answer.get('body')}")
        return f"answers {answer['statusCode']}"
    if isinstance(answer, dict) and "errorType" in answer:
        # A worker may miss its AWS, but it must have got that far.
        if str(answer["errorType"]).startswith(("Runtime.", "Sandbox.", "Extension.")):
            raise Unfit(f"does not start: {answer}")
        return f"starts, and misses AWS ({answer['errorType']})"
    if isinstance(answer, dict) and answer.get("batchItemFailures"):
        raise Unfit(f"fails on an empty batch: {answer}")
    return "starts, nothing to do"


def refuses_an_unknown_name(function: dict) -> None:
    environment = ENVIRONMENT | function["variables"]
    environment |= {"_HANDLER": "no-such-function", "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9"}
    environment |= {"AWS_LAMBDA_FUNCTION_NAME": "x", "AWS_LAMBDA_FUNCTION_VERSION": "1"}
    try:
        ended = subprocess.run([function["code"]], env=environment, capture_output=True, timeout=20)
    except subprocess.TimeoutExpired:
        raise Unfit("runs under a name it does not know") from None
    if ended.returncode == 0 or function["name"].encode() not in ended.stdout + ended.stderr:
        raise Unfit("does not tell its names when it is started under an unknown one")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("architecture", choices=sorted(ELF_MACHINES.values()))
    arguments.add_argument("--start", action="store_true", help="start every function, too")
    options = arguments.parse_args()

    unfit, seen = 0, set()
    for function in functions(yaml_parse((ROOT / "infra" / "template.yaml").read_text())):
        try:
            found = [examine(function["code"], options.architecture)]
            if options.start:
                if function["code"] not in seen:
                    refuses_an_unknown_name(function)
                    seen.add(function["code"])
                found.append(judge(invoke(function, options.architecture)))
            print(f"{function['name']:20} {', '.join(found)}", flush=True)
        except Unfit as reason:
            unfit += 1
            print(f"{function['name']:20} UNFIT: {reason}", flush=True)
    return 1 if unfit else 0


if __name__ == "__main__":
    sys.exit(main())
