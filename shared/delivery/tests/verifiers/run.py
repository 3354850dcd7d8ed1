"""Asks docs/webhooks/verify.py about each case on stdin, one JSON array in, one out."""

import base64
import json
import sys

sys.path.insert(0, sys.argv[1])
from verify import verify

print(json.dumps([verify(c["header"], base64.b64decode(c["body"]), c["secret"], c["now"]) for c in json.load(sys.stdin)]))
