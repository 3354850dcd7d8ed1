#!/usr/bin/env python3
"""What we sign for Standard Webhooks, against the libraries of two languages.

    libraries.py <folder with node_modules> <fresh vectors>

The published vectors are too old for a library to accept, so each library signs them anew, and must come to the same codes.
Fresh ones (`cargo run -p delivery --example sign`) must be accepted with each secret of Standard Webhooks that signed them,
and refused with one byte, the id, the time or the secret changed.
"""

import json
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

HERE = Path(__file__).resolve().parent
PUBLISHED = HERE.parent.parent / "docs" / "webhooks" / "vectors.json"


def in_python(case: dict) -> str | bool:
    webhook, headers = Webhook(case["secret"]), case["headers"]
    if case["sign"]:
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), tz=timezone.utc)
        return webhook.sign(headers["webhook-id"], at, case["body"])
    try:
        webhook.verify(case["body"].encode(), headers, json_parse=False)
    except WebhookVerificationError:
        return False
    return True


def in_node(cases: list[dict], modules: str) -> list:
    told = subprocess.run(
        ["node", HERE / "library.mjs", modules], input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    return json.loads(told.stdout)


def cases(vector: dict, fresh: bool) -> list[tuple[str, dict, str | bool]]:
    headers, body, name = vector["headers"], vector["body"], vector["name"]
    if not headers.get("webhook-signature"):
        return []
    # Secrets of another form sign nothing here; those that do stand in the order of their signatures.
    signing = [secret for secret in vector["secrets"] if secret.startswith("whsec_")]
    signatures = headers["webhook-signature"].split(" ")
    assert len(signing) == len(signatures), name
    found = []

    def case(what: str, expected: str | bool, **changed) -> None:
        whole = {"secret": secret, "headers": headers, "body": body, "sign": False} | changed
        found.append((f"{name}: {what}", whole, expected))

    for secret, signature in zip(signing, signatures):
        if not fresh:
            case("signed anew", signature, sign=True)
            case("too old", False)
            continue
        case("as sent", True)
        case("one byte changed", False, body=body[:-2] + "2" + body[-1])
        case("another id", False, headers=headers | {"webhook-id": "evt_2"})
        earlier = str(int(headers["webhook-timestamp"]) - 1)
        case("another time", False, headers=headers | {"webhook-timestamp": earlier})
        case("another secret", False, secret="whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
        case("no signature of a known version", False, headers=headers | {"webhook-signature": "v2," + signature[3:]})
    return found


def main(modules: str, fresh: str) -> None:
    found = [case for vector in json.loads(PUBLISHED.read_text())["vectors"] for case in cases(vector, fresh=False)]
    found += [case for vector in json.loads(Path(fresh).read_text())["vectors"] for case in cases(vector, fresh=True)]
    asked = [case for _, case, _ in found]
    wrong = [
        f"{language}: {what}: {answer} instead of {expected}"
        for language, answers in (("Python", map(in_python, asked)), ("Node", in_node(asked, modules)))
        for (what, _, expected), answer in zip(found, answers, strict=True)
        if answer != expected
    ]
    if wrong or len(found) < 40:
        sys.exit("\n".join([*wrong, f"{len(found)} cases"]))
    print(f"{len(found)} signatures are judged as they should by the libraries for Python and Node")


if __name__ == "__main__":
    main(*sys.argv[1:])
