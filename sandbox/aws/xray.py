"""X-Ray: traces made of the segments that applications send, found by time and by a filter expression.

https://docs.aws.amazon.com/xray/latest/devguide/aws-xray-interface-api.html
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BackendDict, BaseBackend

from sandbox.aws.operations import Operation
from sandbox.aws.own import RefusedError, teach
from sandbox.aws.world import current
from sandbox.aws.xray_filter import FilterError, read_filter

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_LONGEST_RANGE = 6 * 3600
_KEPT = 20_000
_PAGE = 100
_MOST_AT_ONCE = 5
_NEEDED = ("trace_id", "id", "name", "start_time")
Segment = dict[str, Any]


class TraceBackend(BaseBackend):
    """The traces of a region: by their id the segments, in the order in which they came."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.traces: OrderedDict[str, list[Segment]] = OrderedDict()

    def put(self, segment: Segment) -> None:
        """Keep a segment; one that is sent again takes the place of the one before. The oldest traces go."""
        segments = self.traces.setdefault(segment["trace_id"], [])
        segments[:] = [each for each in segments if each["id"] != segment["id"]]
        segments.append(segment)
        while len(self.traces) > _KEPT:
            self.traces.popitem(last=False)


trace_backends = BackendDict(TraceBackend, "xray")


def install(aws: AwsServer) -> None:
    """Answer X-Ray's operations; safe to repeat."""
    del aws
    teach(
        "xray",
        PutTraceSegments=put_trace_segments,
        GetTraceSummaries=get_trace_summaries,
        BatchGetTraces=batch_get_traces,
    )


def _backend(operation: Operation) -> TraceBackend:
    return trace_backends[current().account][operation.region]


def put_trace_segments(operation: Operation, params: Mapping[str, Any]) -> dict[str, Any]:
    """PutTraceSegments; what is malformed is told and left out."""
    wrong = []
    for document in params["TraceSegmentDocuments"]:
        try:
            segment = json.loads(document)
        except ValueError:
            wrong.append({"ErrorCode": "InvalidDocument", "Message": "The document is no JSON."})
            continue
        missing = [key for key in _NEEDED if not segment.get(key)]
        if missing or not (segment.get("end_time") or segment.get("in_progress")):
            words = f"Missing {', '.join(missing) or 'end_time'}"
            wrong.append({"Id": segment.get("id", ""), "ErrorCode": "MissingParameter", "Message": words})
        else:
            _backend(operation).put(segment)
    return {"UnprocessedTraceSegments": wrong}


def get_trace_summaries(operation: Operation, params: Mapping[str, Any]) -> dict[str, Any]:
    """GetTraceSummaries: the traces that began in a range of at most six hours, newest first."""
    start, end = float(params["StartTime"]), float(params["EndTime"])
    if not 0 <= end - start <= _LONGEST_RANGE:
        raise RefusedError("InvalidRequestException", "The time range must be within 6 hours.")
    try:
        wanted = read_filter(params.get("FilterExpression") or "")
    except FilterError as error:
        raise RefusedError("InvalidRequestException", str(error)) from None
    found = [_summary(key, segments) for key, segments in _backend(operation).traces.items()]
    inside = [each for each in found if start <= each["StartTime"] <= end]
    matched = sorted((each for each in inside if wanted(each)), key=lambda each: each["StartTime"], reverse=True)
    first = int(params.get("NextToken") or 0)
    answer: dict[str, Any] = {
        "TraceSummaries": matched[first : first + _PAGE],
        "ApproximateTime": current().clock.now(),
        "TracesProcessedCount": len(inside),
    }
    return answer | ({"NextToken": str(first + _PAGE)} if first + _PAGE < len(matched) else {})


def batch_get_traces(operation: Operation, params: Mapping[str, Any]) -> dict[str, Any]:
    """BatchGetTraces, at most five."""
    asked, traces = params["TraceIds"], _backend(operation).traces
    if len(asked) > _MOST_AT_ONCE:
        raise RefusedError("InvalidRequestException", f"At most {_MOST_AT_ONCE} traces can be asked for at once.")
    found = [
        {
            "Id": key,
            "Duration": _summary(key, traces[key])["Duration"],
            "LimitExceeded": False,
            "Segments": [{"Id": each["id"], "Document": json.dumps(each)} for each in traces[key]],
        }
        for key in asked
        if key in traces
    ]
    return {"Traces": found, "UnprocessedTraceIds": [key for key in asked if key not in traces]}


def _summary(key: str, segments: list[Segment]) -> dict[str, Any]:
    root = next((each for each in segments if not each.get("parent_id")), segments[0])
    begins = min(each["start_time"] for each in segments)
    ends = max(each.get("end_time") or each["start_time"] for each in segments)
    http = root.get("http") or {}
    asked, answered = http.get("request") or {}, http.get("response") or {}
    shown = {
        "HttpURL": asked.get("url"),
        "HttpMethod": asked.get("method"),
        "HttpStatus": answered.get("status"),
        "UserAgent": asked.get("user_agent"),
        "ClientIp": asked.get("client_ip"),
    }
    annotations: dict[str, list[dict[str, Any]]] = {}
    for segment in segments:
        for name, value in (segment.get("annotations") or {}).items():
            annotations.setdefault(name, []).append({"AnnotationValue": _annotation(value)})
    services = {each["name"]: each.get("origin") or "" for each in segments}
    listed = [
        {"Name": name, "Names": [name], "AccountId": current().account, "Type": kind} for name, kind in services.items()
    ]
    return {
        "Id": key,
        "StartTime": begins,
        "Duration": round(ends - begins, 3),
        "ResponseTime": round((root.get("end_time") or ends) - root["start_time"], 3),
        "HasFault": any(each.get("fault") for each in segments),
        "HasError": any(each.get("error") for each in segments),
        "HasThrottle": any(each.get("throttle") for each in segments),
        "IsPartial": any(each.get("in_progress") for each in segments),
        "Http": {name: value for name, value in shown.items() if value is not None},
        "Annotations": annotations,
        "Users": [],
        "ServiceIds": listed,
        "EntryPoint": listed[0],
        "Revision": len(segments),
    }


def _annotation(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BooleanValue": value}
    return {"NumberValue": value} if isinstance(value, (int, float)) else {"StringValue": str(value)}
