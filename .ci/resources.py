#!/usr/bin/env python3
"""Expands infra/template.yaml as SAM does and counts what CloudFormation would create.

CloudFormation stops at 500 resources a stack; we stop at 400 (docs/ARCHITECTURE.md), so that there is room to split in
peace. Prints the count, what one function costs, and the projection for all functions of the API.

    resources.py [template] [--functions 55] [--limit 400] [--expanded out.json]

Needs aws-sam-translator (it comes with aws-sam-cli). No AWS account, no network.
"""

import argparse
import collections
import json
import logging
import math
import os
import re
import sys
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
logging.disable(logging.WARNING)

import samtranslator.yaml_helper  # noqa: E402
from samtranslator.parser.parser import Parser  # noqa: E402
from samtranslator.translator.translator import Translator  # noqa: E402

# What a function brings along, counted apart from the rest: itself, role, log group, route permission.
PER_FUNCTION = {
    "AWS::Lambda::Function",
    "AWS::Lambda::Permission",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
}


def expand(path: Path) -> dict:
    # A local CodeUri is what `sam deploy` uploads; the translator wants to see it done.
    source = re.sub(r"CodeUri: \S+", "CodeUri: s3://bucket/code.zip", path.read_text())
    template = samtranslator.yaml_helper.yaml_parse(source)
    parameters = {
        name: parameter.get("Default", (parameter.get("AllowedValues") or ["x"])[0])
        for name, parameter in template.get("Parameters", {}).items()
    }
    return Translator({}, Parser()).translate(template, parameters)


def belongs_to_a_function(name: str, resource: dict, functions: list[str]) -> bool:
    kind = resource["Type"]
    if kind in PER_FUNCTION:
        return True
    return kind in ("AWS::IAM::Role", "AWS::Logs::LogGroup") and any(name.startswith(f) for f in functions)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("template", nargs="?", type=Path, default=Path(__file__).parent.parent / "infra/template.yaml")
    arguments.add_argument("--functions", type=int, default=55, help="functions of the finished API (55)")
    arguments.add_argument("--limit", type=int, default=400, help="fail at this many resources (400)")
    arguments.add_argument("--expanded", type=Path, help="write the expanded template here")
    options = arguments.parse_args()

    expanded = expand(options.template)
    if options.expanded:
        options.expanded.write_text(json.dumps(expanded, indent=2))
    resources = expanded["Resources"]
    kinds = collections.Counter(resource["Type"] for resource in resources.values())
    functions = [name for name, resource in resources.items() if resource["Type"] == "AWS::Lambda::Function"]

    theirs = sum(belongs_to_a_function(name, resource, functions) for name, resource in resources.items())
    rest = len(resources) - theirs
    alarms = kinds["AWS::CloudWatch::Alarm"]
    each = theirs / len(functions)
    # Alarms and queues grow with groups and workers. Assume they grow as fast as functions do, which is too much.
    grown = rest * options.functions / len(functions)
    now, likely = len(resources), math.ceil(each * options.functions + rest)
    worst = math.ceil(each * options.functions + min(grown, rest * 3))

    for kind, count in kinds.most_common():
        print(f"{count:4}  {kind}")
    print(f"{now:4}  resources, {len(functions)} functions at {each:.1f} each, {rest} others ({alarms} alarms)")
    print(f"{likely:4}  with {options.functions} functions and the others as they are, {worst} with three times the others")

    if max(now, likely, worst) >= options.limit:
        print(f"too many: the limit is {options.limit}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
