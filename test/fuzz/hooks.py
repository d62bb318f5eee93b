"""What schemathesis cannot send, read or know by itself."""

import os
import random
import uuid

import schemathesis

REPORTS = os.environ["FUZZ_REPORTS"].split(",")
KEYS = os.environ["FUZZ_KEYS"].split(",")
LINK = {"org_id", "expires", "signature"}
dice = random.Random(os.environ["FUZZ_SEED"])


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Without this most cases would end at a link that nobody signed, or a report that is not there."""
    if case.query and "signature" in case.query and dice.random() < 0.75:
        case.query = {name: value for name, value in case.query.items() if name not in LINK}
    # Lists and what they list are linked: it would revoke the very key that it asks with.
    if case.operation.path == "/api-keys/{id}" and (case.path_parameters or {}).get("id") in KEYS:
        case.path_parameters["id"] = str(uuid.uuid4())
    is_shown = case.operation.path.startswith("/reports/{id}") and case.operation.method.upper() == "GET"
    if is_shown and case.path_parameters and dice.random() < 0.75:
        case.path_parameters["id"] = dice.choice(REPORTS)


@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.deserializer(
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
def file(ctx, response):
    return response.content.decode("latin-1")
