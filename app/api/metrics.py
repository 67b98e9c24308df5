"""What Prometheus reads: requests, answers, what is indexed, and what is on its way."""

import time
from collections.abc import Iterable

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.queue import AnswerQueue
from app.logs import REQUESTS
from app.runtime import Runtime

_SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


class Metrics(Collector):
    """Counts of one server.

    Args:
        runtime: What is indexed, and the jobs.
        queue: The answers that are being written, or wait.
    """

    def __init__(self, runtime: Runtime, queue: AnswerQueue) -> None:
        self._runtime = runtime
        self._queue = queue
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self._requests = Counter(
            "duet_requests", "Requests", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "duet_request_seconds",
            "Seconds until a response begins",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._answers = Counter("duet_answers", "Answers", ("kind",), registry=self.registry)

    def answered(self, kind: str) -> None:
        """Count an answer of the API's."""
        self._answers.labels(kind).inc()

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request by its route, never by its path: that may hold a name."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def collect(self) -> Iterable[Metric]:
        """What can be told without opening anything."""
        ready = self._runtime.problem is None
        yield GaugeMetricFamily("duet_ready", "Whether questions can be answered", float(ready))
        if ready:
            documents = self._runtime.library.documents()
            chunks = sum(record.chunks for record in documents)
            yield GaugeMetricFamily("duet_documents", "Documents", len(documents))
            yield GaugeMetricFamily("duet_passages", "Passages", chunks)
        jobs = [job for job in self._runtime.library.jobs.listed() if not job.over]
        yield GaugeMetricFamily("duet_jobs", "Files that wait to be indexed", len(jobs))
        told = "Answers that are being written or wait"
        yield GaugeMetricFamily("duet_answering", told, self._queue.length)


class Observed:
    """ASGI middleware: counts and logs each request.

    Args:
        app: What stands behind it.
        metrics: Are told of each.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, seen = time.perf_counter(), {"status": 500, "seconds": 0.0}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.update(status=message["status"], seconds=time.perf_counter() - started)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            status, seconds = int(seen["status"]), seen["seconds"]
            self._metrics.observe(scope["method"], route, status, seconds)
            told = {"method": scope["method"], "route": route, "status": status}
            REQUESTS.info("request", extra={"told": {**told, "seconds": round(seconds, 3)}})


def create_metrics(metrics: Metrics) -> APIRouter:
    """The route that Prometheus reads."""
    routes = APIRouter()

    @routes.get("/metrics", response_class=PlainTextResponse)
    def told() -> Response:  # pyright: ignore[reportUnusedFunction]
        text = generate_latest(metrics.registry)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    return routes
