"""Types of the module; a test compares them with what it holds."""

import datetime
import os
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import Any, Final, Literal, TypeVar, final, overload

from pinchbeck import plot as plot
from pinchbeck import stats as stats

__version__: str

Api = Literal["openai_chat", "openai_completions", "openai_responses", "anthropic", "gemini", "ollama"]
Claim = Literal["weights", "serving"]
Verdict = Literal["consistent", "differs", "inconclusive", "not_measurable"]
LengthSource = Literal["usage", "events", "characters"]
SignalStatus = Literal["consistent", "differs", "configuration_differs", "inconclusive", "not_measurable"]
IdentificationVerdict = Literal["known", "none_of_these", "inconclusive", "not_measurable"]

ObservationUse = Literal[
    "probe",
    "failed",
    "unknown_prompt",
    "other_settings",
    "prompt_not_text",
    "seed",
    "other_parameter",
    "other_model",
    "other_endpoint",
]
TrafficApi = Literal["openai_chat", "anthropic"]
LogFormat = Literal["openai_jsonl", "litellm", "langfuse", "helicone", "otel"]

Path = str | os.PathLike[str]
RecordingLike = Recording | Path | Sequence[Recording | Path]
FingerprintsLike = Path | Sequence[Fingerprint]
# The dict of a body, text of one, or an object of a client library, which has model_dump() or to_dict().
Body = Any
Text = str | bytes | bytearray | memoryview
Time = str | datetime.datetime

Chunk = TypeVar("Chunk")

class EndpointError(RuntimeError):
    summary: CollectSummary | None

class BudgetExceeded(RuntimeError):
    summary: CollectSummary | None

@final
class RecordingIterator:
    def __iter__(self) -> dict[str, Any]: ...
    def __next__(self) -> dict[str, Any]: ...

@final
class Recording:
    def __init__(self, path: Path) -> None: ...
    @staticmethod
    def from_dicts(observations: Iterable[Mapping[str, Any]], name: str = ...) -> Recording: ...
    def to_dicts(self) -> list[dict[str, Any]]: ...
    def save(self, path: Path) -> None: ...
    @property
    def path(self) -> str | None: ...
    def __iter__(self) -> RecordingIterator: ...

@final
class Fingerprint:
    model: Final[str]
    created: Final[str | None]
    endpoint_kind: Final[str | None]
    battery_sha256: Final[str | None]
    requested_models: Final[tuple[str, ...]]
    probes: Final[tuple[str, ...]]
    signals: Final[tuple[str, ...]]
    answers: Final[int]
    variants: Final[tuple[str, ...]]
    sessions: Final[tuple[str, ...]]
    first_time: Final[str | None]
    last_time: Final[str | None]
    variant_spread: Final[dict[str, float]]
    session_spread: Final[dict[str, float]]
    @staticmethod
    def from_json(json: str) -> Fingerprint: ...
    def to_json(self) -> str: ...
    def save(self, path: Path) -> None: ...
    def samples(self) -> dict[str, ProbeSample]: ...
    def read_samples(self, recording: RecordingLike) -> dict[str, ProbeSample]: ...

@final
class OutputLength:
    length: Final[float]
    capped: Final[bool]
    def to_dict(self) -> dict[str, Any]: ...

@final
class Latency:
    first_token_s: Final[float]
    median_gap_s: Final[float | None]
    tokens_per_s: Final[float | None]
    total_per_token_s: Final[float | None]
    def to_dict(self) -> dict[str, Any]: ...

@final
class ProbeSample:
    usable: Final[int]
    failed: Final[int]
    choices: Final[dict[str, int]]
    first_logprobs: Final[tuple[dict[str, float], ...]]
    lengths: Final[tuple[OutputLength, ...]]
    length_source: Final[LengthSource]
    latencies: Final[tuple[Latency, ...]]
    def to_dict(self) -> dict[str, Any]: ...

@final
class EnrollResult:
    fingerprint: Final[Fingerprint]
    observations: Final[int]
    duplicates: Final[int]
    warnings: Final[tuple[str, ...]]
    def to_dict(self) -> dict[str, Any]: ...

@final
class CellDiff:
    probe: Final[str]
    signal: Final[str]
    effect: Final[float | None]
    effect_low: Final[float | None]
    effect_high: Final[float | None]
    effect_unit: Final[str]
    p_value: Final[float | None]
    n_a: Final[int]
    n_b: Final[int]
    def to_dict(self) -> dict[str, Any]: ...

@final
class FingerprintDiff:
    shared_probes: Final[tuple[str, ...]]
    only_in_a: Final[tuple[str, ...]]
    only_in_b: Final[tuple[str, ...]]
    condition_differences: Final[tuple[str, ...]]
    totals: Final[tuple[CellDiff, ...]]
    cells: Final[tuple[CellDiff, ...]]
    def to_dict(self) -> dict[str, Any]: ...

@final
class SignalReport:
    signal: Final[str]
    status: Final[SignalStatus]
    p_value: Final[float | None]
    adjusted_p_value: Final[float | None]
    equality_p_value: Final[float | None]
    statistic: Final[float | None]
    effect: Final[float | None]
    effect_low: Final[float | None]
    effect_high: Final[float | None]
    effect_unit: Final[str]
    effect_gate: Final[float]
    detectable_effect: Final[float | None]
    counted: Final[bool]
    measurable: Final[bool]
    reason: Final[str]
    n_reference: Final[int]
    n_observed: Final[int]
    probes: Final[int]
    method: Final[str]
    notes: Final[tuple[str, ...]]
    def to_dict(self) -> dict[str, Any]: ...

@final
class Attribution:
    model: Final[str]
    posterior: Final[float | None]
    p_value: Final[float]
    def to_dict(self) -> dict[str, Any]: ...

@final
class Mixture:
    model: Final[str]
    fraction: Final[float]
    low: Final[float]
    high: Final[float]
    def to_dict(self) -> dict[str, Any]: ...

@final
class Configuration:
    kind: Final[str]
    explains: Final[bool]
    temperature_factor: Final[float | None]
    temperature_low: Final[float | None]
    temperature_high: Final[float | None]
    p_value: Final[float | None]
    note: Final[str]
    def to_dict(self) -> dict[str, Any]: ...

@final
class PowerStatement:
    against: Final[str]
    effect: Final[float | None]
    effect_unit: Final[str]
    power: Final[float]
    n_observed: Final[int]
    def to_dict(self) -> dict[str, Any]: ...

@final
class NotRuledOut:
    model: Final[str]
    power: Final[float]
    def to_dict(self) -> dict[str, Any]: ...

@final
class Report:
    verdict: Final[Verdict]
    reason: Final[str | None]
    model: Final[str]
    claim: Final[Claim]
    p_value: Final[float | None]
    alpha: Final[float]
    seed: Final[int]
    permutations: Final[int]
    n_reference: Final[int]
    n_observed: Final[int]
    n_failed: Final[int]
    variant: Final[str]
    signals: Final[tuple[SignalReport, ...]]
    attribution: Final[Attribution | None]
    mixture: Final[Mixture | None]
    other_share_low: Final[float | None]
    configuration: Final[Configuration | None]
    power: Final[tuple[PowerStatement, ...]]
    not_ruled_out: Final[tuple[NotRuledOut, ...]]
    n_observed_needed: Final[int | None]
    condition_differences: Final[tuple[str, ...]]
    warnings: Final[tuple[str, ...]]
    def to_json(self) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...

@final
class RankedModel:
    model: Final[str]
    posterior: Final[float]
    log_marginal: Final[float]
    p_value: Final[float | None]
    cells: Final[int]
    def to_dict(self) -> dict[str, Any]: ...

@final
class NotComparable:
    model: Final[str]
    reason: Final[str]
    def to_dict(self) -> dict[str, Any]: ...

@final
class Identification:
    verdict: Final[IdentificationVerdict]
    reason: Final[str | None]
    ranking: Final[tuple[RankedModel, ...]]
    not_comparable: Final[tuple[NotComparable, ...]]
    noise_log_marginal: Final[float | None]
    alpha: Final[float]
    seed: Final[int]
    permutations: Final[int]
    n_observed: Final[int]
    n_failed: Final[int]
    warnings: Final[tuple[str, ...]]
    def to_json(self) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...

@final
class IdentifyLibrary:
    def __init__(self, fingerprints: FingerprintsLike) -> None: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...
    def __len__(self) -> int: ...

@final
class PlanCell:
    probe: Final[str]
    signals: Final[tuple[str, ...]]
    input_tokens: Final[float | None]
    output_tokens: Final[float | None]
    stored: Final[int]
    information: Final[float]
    information_per_cost: Final[float]
    def to_dict(self) -> dict[str, Any]: ...

@final
class PlanDesign:
    name: Final[str]
    signals: Final[tuple[str, ...]]
    probes: Final[tuple[str, ...]]
    family: Final[int]
    most_answers: Final[int]
    answers_per_probe: Final[int | None]
    requests: Final[int]
    input_tokens: Final[float | None]
    output_tokens: Final[float | None]
    cost: Final[float | None]
    power: Final[stats.PowerEstimate]
    rejection_power: Final[float | None]
    answers_low: Final[int]
    answers_high: Final[int | None]
    beyond_stored: Final[bool]
    def to_dict(self) -> dict[str, Any]: ...

@final
class Plan:
    claimed: Final[str]
    substitute: Final[str]
    change: Final[str | None]
    designs: Final[tuple[PlanDesign, ...]]
    cheapest: Final[int | None]
    cells: Final[tuple[PlanCell, ...]]
    condition_differences: Final[tuple[str, ...]]
    warnings: Final[tuple[str, ...]]
    def to_dict(self) -> dict[str, Any]: ...

@final
class MonitorDecision:
    verdict: Final[Literal["differs", "inconclusive"]]
    observations: Final[int]
    used: Final[int]
    skipped: Final[dict[str, int]]
    log10_e_value: Final[float]
    log10_largest_e_value: Final[float]
    log10_e_detector: Final[float | None]
    alarm_at: Final[int | None]
    alarm_by: Final[Literal["e_value", "e_detector"] | None]
    change_at: Final[int | None]
    change_near: Final[str | None]
    def to_dict(self) -> dict[str, Any]: ...

@final
class Monitor:
    def __init__(
        self,
        fingerprint: Fingerprint,
        alternatives: FingerprintsLike | None = ...,
        *,
        alpha: float = ...,
        tolerance: float = ...,
        greedy_tolerance: float = ...,
        seed: int = ...,
        mean_run: float | None = ...,
        signals: Sequence[str] = ...,
    ) -> None: ...
    def step(self, observation: Mapping[str, Any]) -> MonitorDecision: ...
    def run(self, recording: RecordingLike) -> MonitorDecision: ...
    @property
    def decision(self) -> MonitorDecision: ...
    @property
    def model(self) -> str: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...
    def tolerated_shares(self) -> dict[str, Any]: ...
    def serialize_state(self) -> str: ...
    def restore_state(self, json: str) -> None: ...
    def save_state(self, path: Path, *, durable: bool = ...) -> None: ...
    def load_state(self, path: Path) -> None: ...
    def to_dict(self) -> dict[str, Any]: ...

@final
class ObserverCounts:
    exchanges: Final[int]
    uses: Final[dict[str, int]]
    failed_after_text: Final[int]
    refused: Final[int]
    abandoned: Final[int]
    buffered: Final[int]
    dropped: Final[int]
    buffered_bytes: Final[int]
    open_streams: Final[int]
    monitor_refused: Final[int]
    def to_dict(self) -> dict[str, Any]: ...

@final
class Declaration:
    measurable: Final[bool]
    reason: Final[str]
    n_reference: Final[int]
    n_observed: Final[int]
    notes: Final[tuple[str, ...]]
    def to_dict(self) -> dict[str, Any]: ...

@final
class ObserverStream:
    def on_event(self, event: Body, arrival_s: float | None = ...) -> None: ...
    def on_bytes(self, data: Text, arrival_s: float | None = ...) -> None: ...
    def finish(
        self,
        *,
        status: int = ...,
        complete: bool = ...,
        total_s: float | None = ...,
        first_token_s: float | None = ...,
        redact: str | None = ...,
    ) -> ObservationUse: ...
    def close(self) -> None: ...
    def __enter__(self) -> ObserverStream: ...
    def __exit__(self, *error: object) -> None: ...

@final
class Observer:
    def __init__(
        self,
        fingerprint: Fingerprint,
        *,
        models: Sequence[str],
        endpoint: str | None = ...,
        max_observations: int = ...,
        max_bytes: int = ...,
        max_streams: int = ...,
        max_stream_bytes: int = ...,
        max_request_bytes: int = ...,
        max_response_bytes: int = ...,
        first_sample: int | None = ...,
    ) -> None: ...
    def observe(
        self,
        request: Body,
        response: Body = ...,
        *,
        api: TrafficApi = ...,
        status: int = ...,
        complete: bool = ...,
        time: Time | None = ...,
        endpoint: str | None = ...,
        session: str | None = ...,
        total_s: float | None = ...,
        first_token_s: float | None = ...,
        redact: str | None = ...,
    ) -> ObservationUse: ...
    def open(
        self,
        request: Body,
        *,
        api: TrafficApi = ...,
        time: Time | None = ...,
        endpoint: str | None = ...,
        session: str | None = ...,
    ) -> ObserverStream: ...
    def observe_stream(
        self,
        request: Body,
        stream: Iterable[Chunk] | Callable[[], Iterable[Chunk]],
        *,
        api: TrafficApi = ...,
        sent: float | None = ...,
        time: Time | None = ...,
        endpoint: str | None = ...,
        session: str | None = ...,
        redact: str | None = ...,
    ) -> Generator[Chunk, None, None]: ...
    def observe_async_stream(
        self,
        request: Body,
        stream: AsyncIterable[Chunk] | Callable[[], AsyncIterable[Chunk] | Awaitable[AsyncIterable[Chunk]]],
        *,
        api: TrafficApi = ...,
        sent: float | None = ...,
        time: Time | None = ...,
        endpoint: str | None = ...,
        session: str | None = ...,
        redact: str | None = ...,
    ) -> AsyncGenerator[Chunk, None]: ...
    def watch(
        self,
        alternatives: FingerprintsLike | None = ...,
        *,
        alpha: float = ...,
        tolerance: float = ...,
        greedy_tolerance: float = ...,
        seed: int = ...,
        mean_run: float | None = ...,
        signals: Sequence[str] = ...,
    ) -> None: ...
    @property
    def decision(self) -> MonitorDecision | None: ...
    def serialize_state(self) -> str: ...
    def restore_state(self, json: str) -> None: ...
    def save_state(self, path: Path, *, durable: bool = ...) -> None: ...
    def load_state(self, path: Path) -> None: ...
    def take(self) -> Recording: ...
    @property
    def counts(self) -> ObserverCounts: ...
    @property
    def declaration(self) -> Declaration: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...

@final
class ImportResult:
    recording: Final[Recording]
    observations: Final[int]
    failed: Final[int]
    unanswered: Final[int]
    matched: Final[int]
    kinds: Final[int]
    obstacles: Final[dict[str, int]]
    skipped: Final[dict[str, int]]
    faults: Final[int]
    fault_examples: Final[tuple[str, ...]]
    warnings: Final[tuple[str, ...]]
    def to_dict(self) -> dict[str, Any]: ...

@final
class ChatMessage:
    role: Final[str]
    content: Final[str]
    def to_dict(self) -> dict[str, Any]: ...

@final
class SamplingParameters:
    temperature: Final[float]
    top_p: Final[float | None]
    top_k: Final[int | None]
    min_p: Final[float | None]
    max_tokens: Final[int]
    top_logprobs: Final[int | None]
    stream: Final[bool]
    def to_dict(self) -> dict[str, Any]: ...

@final
class Probe:
    id: Final[str]
    group: Final[str]
    signals: Final[tuple[str, ...]]
    messages: Final[tuple[ChatMessage, ...]]
    sampling: Final[SamplingParameters]
    prompt_sha256: Final[str]
    def to_dict(self) -> dict[str, Any]: ...

@final
class Battery:
    name: Final[str]
    version: Final[str]
    probes: Final[tuple[Probe, ...]]
    sha256: Final[str]
    @staticmethod
    def from_json(json: str) -> Battery: ...
    def select_groups(self, groups: Sequence[str]) -> Battery: ...
    def to_json(self) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...
    def __len__(self) -> int: ...

@final
class FailureCount:
    kind: Final[Literal["http", "timeout", "network", "protocol"]]
    status: Final[int | None]
    message: Final[str]
    count: Final[int]
    def to_dict(self) -> dict[str, Any]: ...

@final
class CollectFinding:
    name: Final[str]
    count: Final[int]
    of: Final[int | None]
    detail: Final[str]
    def to_dict(self) -> dict[str, Any]: ...

@final
class CollectSummary:
    planned: Final[int]
    skipped_by_resume: Final[int]
    requests: Final[int]
    done: Final[int]
    ok: Final[int]
    failed: Final[int]
    retried: Final[int]
    input_tokens: Final[int]
    output_tokens: Final[int]
    without_usage: Final[int]
    repaired: Final[int]
    cost_usd: Final[float | None]
    failures: Final[tuple[FailureCount, ...]]
    findings: Final[tuple[CollectFinding, ...]]
    stop_reason: Final[Literal["completed", "budget", "interrupted", "gave_up"]]
    message: Final[str]
    def to_dict(self) -> dict[str, Any]: ...

@final
class CollectProgress:
    summary: Final[CollectSummary]
    in_flight: Final[int]
    waiting: Final[int]
    def to_dict(self) -> dict[str, Any]: ...
def enroll(
    recordings: RecordingLike,
    *,
    model: str,
    variant_per_recording: bool = ...,
    keep_text: bool = ...,
    private_texts: bool = ...,
    created: str | None = ...,
    endpoint_kind: str | None = ...,
    battery_sha256: str | None = ...,
    seed: int = ...,
) -> EnrollResult: ...
def load_fingerprint(path: Path) -> Fingerprint: ...
def load_fingerprints(folder: Path) -> list[Fingerprint]: ...
def merge_fingerprints(
    fingerprints: FingerprintsLike,
    *,
    model: str | None = ...,
    variant_per_fingerprint: bool = ...,
    created: str | None = ...,
    seed: int = ...,
) -> Fingerprint: ...
def diff_fingerprints(
    a: Fingerprint,
    b: Fingerprint,
    *,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
) -> FingerprintDiff: ...
def verify(
    fingerprint: Fingerprint,
    recording: RecordingLike,
    alternatives: FingerprintsLike | None = ...,
    alpha: float = ...,
    *,
    claim: Claim = ...,
    latency: Literal["advisory", "shape", "strict"] = ...,
    seed: int = ...,
    permutations: int = ...,
    threads: int = ...,
    max_age_days: float = ...,
    ranking_only: bool = ...,
) -> Report: ...
def compare(
    recording_a: RecordingLike,
    recording_b: RecordingLike,
    *,
    alpha: float = ...,
    claim: Claim = ...,
    latency: Literal["advisory", "shape", "strict"] = ...,
    seed: int = ...,
    permutations: int = ...,
    threads: int = ...,
    ranking_only: bool = ...,
) -> Report: ...
@overload
def identify(
    fingerprints: IdentifyLibrary,
    recording: RecordingLike,
    *,
    alpha: float = ...,
    seed: int = ...,
    permutations: int = ...,
    threads: int = ...,
    tested: int = ...,
    ranking_only: bool = ...,
) -> Identification: ...
@overload
def identify(
    fingerprints: FingerprintsLike,
    recording: RecordingLike,
    *,
    alpha: float = ...,
    seed: int = ...,
    permutations: int = ...,
    threads: int = ...,
    tested: int = ...,
    ranking_only: bool = ...,
) -> Identification: ...
def plan(
    claimed: Fingerprint,
    substitute: Fingerprint,
    *,
    alpha: float = ...,
    power: float = ...,
    claim: Claim = ...,
    share: float = ...,
    known_substitute: bool = ...,
    max_answers: int = ...,
    runs: int = ...,
    seed: int = ...,
    threads: int = ...,
    input_tokens: float | None = ...,
    output_tokens: float | None = ...,
    price_per_mtok_in: float | None = ...,
    price_per_mtok_out: float | None = ...,
) -> Plan: ...
def plan_for_change(
    claimed: Fingerprint,
    change: str,
    *,
    alpha: float = ...,
    power: float = ...,
    claim: Claim = ...,
    share: float = ...,
    known_substitute: bool = ...,
    max_answers: int = ...,
    runs: int = ...,
    seed: int = ...,
    threads: int = ...,
    input_tokens: float | None = ...,
    output_tokens: float | None = ...,
    price_per_mtok_in: float | None = ...,
    price_per_mtok_out: float | None = ...,
) -> Plan: ...
def design_power(
    claimed: Fingerprint,
    substitute: Fingerprint,
    probes: Sequence[str],
    answers: int,
    *,
    alpha: float = ...,
    power: float = ...,
    claim: Claim = ...,
    share: float = ...,
    known_substitute: bool = ...,
    max_answers: int = ...,
    runs: int = ...,
    seed: int = ...,
    threads: int = ...,
    input_tokens: float | None = ...,
    output_tokens: float | None = ...,
    price_per_mtok_in: float | None = ...,
    price_per_mtok_out: float | None = ...,
) -> stats.PowerEstimate: ...
def import_log(
    format: LogFormat,
    paths: Path | Sequence[Path],
    *,
    parameters_complete: bool = ...,
    usage_reported: bool = ...,
    model: str | None = ...,
    also_named: Sequence[str] = ...,
    endpoint: str | None = ...,
    session: str | None = ...,
    fingerprint: Fingerprint | None = ...,
) -> ImportResult: ...
def builtin_battery() -> Battery: ...
def load_battery(path: Path) -> Battery: ...
def keyed_battery(key: str) -> Battery: ...
def collect(
    base_url: str,
    model: str,
    out: Path,
    *,
    battery: Battery | None = ...,
    api_key: str | None = ...,
    api: Api | None = ...,
    samples_per_probe: int = ...,
    resume: bool = ...,
    progress: Callable[[CollectProgress], object] | None = ...,
    concurrency: int = ...,
    seed: int = ...,
    send_request_seed: bool = ...,
    session: str = ...,
    max_requests: int | None = ...,
    max_tokens: int | None = ...,
    max_cost_usd: float | None = ...,
    usd_per_mtok_in: float | None = ...,
    usd_per_mtok_out: float | None = ...,
    max_time_s: float | None = ...,
    requests_per_minute: float | None = ...,
    tokens_per_minute: float | None = ...,
    spread_s: float = ...,
    max_retries: int = ...,
    connect_timeout_s: float = ...,
    idle_timeout_s: float | None = ...,
    total_timeout_s: float = ...,
    token_limit_field: str = ...,
    anthropic_bearer: bool = ...,
    allow_insecure_http: bool = ...,
    proxy_from_environment: bool = ...,
    ca_file: str = ...,
) -> CollectSummary: ...
