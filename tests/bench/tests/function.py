#!/usr/bin/env python3
"""A Lambda function for the bench's own tests.

Written without anything of ours, so that Runtime API and TLS endpoint are tested
by a client that does not share their mistakes. _HANDLER picks what it does.
"""

import json
import os
import ssl
import sys
import time
import urllib.request

RUNTIME = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime"


def call(operation, request):
    trusted = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    trusted.minimum_version = ssl.TLSVersion.TLSv1_3
    request = urllib.request.Request(
        os.environ["AWS_ENDPOINT_URL"],
        data=json.dumps(request).encode(),
        headers={"x-amz-target": f"DynamoDB_20120810.{operation}"},
    )
    with urllib.request.urlopen(request, context=trusted) as answer:
        return json.load(answer)


def get_item():
    key = {"pk": {"S": "ORG#1"}, "sk": {"S": "ORG"}}
    call("GetItem", {"TableName": os.environ["TABLE_NAME"], "Key": key})


def who_calls():
    get_item()
    call("BatchGetItem", {"RequestItems": {}})


def count():
    second = int(time.time())
    update = {
        "TableName": os.environ["LIMITS_TABLE_NAME"],
        "Key": {"pk": {"S": "ORG#1#read"}},
        "UpdateExpression": f"ADD t{second} :one SET expiresAt = :expires REMOVE t1, t2",
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":expires": {"N": str(second + 600)}},
        "ReturnValues": "ALL_NEW",
    }
    counted = {"pk": {"S": "ORG#1#read"}, f"t{second}": {"N": "1"}, "expiresAt": {"N": str(second + 600)}}
    assert call("UpdateItem", update)["Attributes"] == counted


def answer(event):
    global known
    match os.environ["_HANDLER"]:
        case "reads":
            get_item()
            return {"statusCode": 200, "body": event["greeting"]}
        # As ours of that name; forgets who calls only when it is told to.
        case "get-buyer":
            if not known:
                who_calls()
                known = "FORGETFUL" not in os.environ
            count()
            get_item()
            return {"statusCode": 200}
        case "refuses":
            return {"statusCode": 500}
        case "hangs":
            with open(os.environ["PID_FILE"], "w") as file:
                file.write(str(os.getpid()))
            time.sleep(600)


if os.environ["_HANDLER"] == "crashes":
    sys.exit("the table is on fire")

known = False
if os.environ["_HANDLER"] == "get-buyer":
    get_item()

while True:
    with urllib.request.urlopen(f"{RUNTIME}/invocation/next") as invocation:
        request_id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        assert int(invocation.headers["Lambda-Runtime-Deadline-Ms"]) > time.time() * 1000
        result = answer(json.load(invocation))
    data = json.dumps(result).encode()
    urllib.request.urlopen(f"{RUNTIME}/invocation/{request_id}/response", data=data).close()
