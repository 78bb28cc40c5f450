#include "src/cli/fingerprints_output.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "pinchbeck/report/report_writers.h"

namespace pinchbeck::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kCommonest = 3;

template <class T>
Json Optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::string Dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string Day(const std::optional<std::string>& time) { return time ? time->substr(0, 10) : "?"; }

std::string Days(const std::optional<std::string>& first, const std::optional<std::string>& last) {
  if (!first && !last) return "not recorded";
  const std::string from = Day(first), to = Day(last);
  return Printable(from == to ? from : from + " to " + to);
}

std::vector<std::pair<std::string, std::int64_t>> Commonest(const ProbeSample& sample) {
  std::vector<std::pair<std::string, std::int64_t>> answers(sample.choices.begin(), sample.choices.end());
  std::stable_sort(answers.begin(), answers.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (answers.size() > kCommonest) answers.resize(kCommonest);
  return answers;
}

Json ConditionsToJson(const ProbeConditions& conditions) {
  return {{"temperature", Optional(conditions.temperature)},
          {"top_p", Optional(conditions.top_p)},
          {"top_k", Optional(conditions.top_k)},
          {"min_p", Optional(conditions.min_p)},
          {"max_tokens", Optional(conditions.max_tokens)},
          {"prompt_sha256", Optional(conditions.prompt_sha256)}};
}

std::string ConditionsToText(const ProbeConditions& conditions) {
  std::vector<std::string> parts;
  if (conditions.temperature) parts.push_back(absl::StrFormat("temperature %g", *conditions.temperature));
  if (conditions.top_p) parts.push_back(absl::StrFormat("top_p %g", *conditions.top_p));
  if (conditions.top_k) parts.push_back(absl::StrFormat("top_k %d", *conditions.top_k));
  if (conditions.min_p) parts.push_back(absl::StrFormat("min_p %g", *conditions.min_p));
  if (conditions.max_tokens) parts.push_back(absl::StrFormat("max_tokens %d", *conditions.max_tokens));
  if (conditions.prompt_sha256) parts.push_back("prompt " + conditions.prompt_sha256->substr(0, 12));
  return parts.empty() ? "conditions not recorded" : absl::StrJoin(parts, ", ");
}

std::string BatteryText(const Fingerprint& fingerprint) {
  if (fingerprint.battery_sha256) return *fingerprint.battery_sha256;
  if (fingerprint.provenance && !fingerprint.provenance->prompts.empty()) {
    return "asked with another's prompts (see `fingerprints prompt`)";
  }
  return "not recorded";
}

Json ProvenanceSummary(const Provenance& provenance) {
  Json json = {{"source", provenance.source},
               {"url", Optional(provenance.url)},
               {"commit", Optional(provenance.commit)},
               {"path", Optional(provenance.path)},
               {"licence", provenance.licence},
               {"attribution", provenance.attribution},
               {"dates", Optional(provenance.dates)},
               {"conditions", Optional(provenance.conditions)},
               {"changes", Optional(provenance.changes)},
               {"use", FingerprintUseName(provenance.use)},
               {"use_note", Optional(provenance.use_note)}};
  json["prompts"] = Json::array();
  for (const ForeignPrompt& prompt : provenance.prompts) {
    json["prompts"].push_back(
        {{"probe", prompt.probe}, {"sha256", prompt.sha256}, {"file", Optional(prompt.file)}});
  }
  return json;
}

std::string Line(std::string_view name, std::string_view value) {
  return absl::StrFormat("  %-14s %s\n", std::string(name), Printable(value, Provenance::kMaxText));
}

std::string ProvenanceText(const Provenance& provenance) {
  std::string text =
      Line("source", provenance.source + (provenance.commit ? " at " + *provenance.commit : ""));
  const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
    if (value) text += Line(name, *value);
  };
  add("url", provenance.url);
  text += Line("licence", provenance.licence);
  text += Line("attribution", provenance.attribution);
  add("dates", provenance.dates);
  add("conditions", provenance.conditions);
  add("changes", provenance.changes);
  if (provenance.use != FingerprintUse::kReference) {
    text += Line("use", "ranking only: " + provenance.use_note.value_or("no verdicts"));
  }
  return text;
}

std::string ProbeText(const std::string& id, const ProbePlan& plan, const ProbeSample& sample) {
  std::string text = absl::StrFormat("  %s: %d answers", Printable(id), sample.usable);
  if (sample.failed > 0) text += absl::StrFormat(", %d failed", sample.failed);
  text += " (" + absl::StrJoin(PlannedSignals({{id, plan}}), ", ") + "); " +
          ConditionsToText(sample.conditions) + "\n";
  if (sample.choices.empty()) return text;
  std::vector<std::string> answers;
  for (const auto& [answer, count] : Commonest(sample)) {
    answers.push_back(absl::StrFormat("\"%s\" x %d", Printable(answer, 30), count));
  }
  return text + absl::StrFormat("      %d different answers, commonest %s\n", sample.choices.size(),
                                absl::StrJoin(answers, ", "));
}

Json CellToJson(const CellDiff& cell) {
  const SignalEvidence& evidence = cell.evidence;
  return {{"probe", cell.probe.empty() ? Json(nullptr) : Json(cell.probe)},
          {"signal", evidence.signal},
          {"effect", Optional(evidence.effect)},
          {"effect_low", Optional(evidence.effect_low)},
          {"effect_high", Optional(evidence.effect_high)},
          {"effect_unit", evidence.effect_unit},
          {"p_value", Optional(evidence.equality_p_value ? evidence.equality_p_value : evidence.p_value)},
          {"n_a", evidence.n_reference},
          {"n_b", evidence.n_observed},
          {"method", evidence.method}};
}

std::string CellText(const std::string& label, const SignalEvidence& evidence) {
  const auto number = [](const std::optional<double>& value) {
    return value ? absl::StrFormat("%.3g", *value) : std::string("-");
  };
  const auto p = evidence.equality_p_value ? evidence.equality_p_value : evidence.p_value;
  std::string interval;
  if (evidence.effect_low && evidence.effect_high) {
    interval = "[" + number(evidence.effect_low) + ", " + number(evidence.effect_high) + "]";
  }
  return absl::StrFormat("  %-32s %-12s %7d %7d  %9s %-6s %-20s %s\n", Printable(label, 32), evidence.signal,
                         evidence.n_reference, evidence.n_observed, number(evidence.effect),
                         evidence.effect_unit, interval, p ? absl::StrFormat("p %.2g", *p) : "");
}

std::string NameList(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, names.size()); ++i)
    text += (i == 0 ? "" : ", ") + Printable(names[i]);
  if (names.size() > kShown) text += absl::StrFormat(" and %d more", names.size() - kShown);
  return text;
}

}  // namespace

std::string IndexToText(const FingerprintIndex& index) {
  std::size_t width = 5;
  for (const FingerprintIndexEntry& entry : index)
    width = std::max(width, std::min<std::size_t>(32, entry.model.size()));
  const int w = static_cast<int>(width);
  std::string text = absl::StrFormat("%-*s %8s %7s  %-26s %-12s %s\n", w, "model", "answers", "probes",
                                     "signals", "use", "file");
  for (const FingerprintIndexEntry& entry : index) {
    text += absl::StrFormat("%-*s %8d %7d  %-26s %-12s %s\n", w, Printable(entry.model, 32), entry.answers,
                            entry.probes, absl::StrJoin(entry.signals, ","),
                            std::string(FingerprintUseName(entry.use)), Printable(entry.file, 200));
  }
  return text;
}

std::string IndexToJson(const FingerprintIndex& index) { return SerializeFingerprintIndex(index); }

std::string FingerprintToText(const Fingerprint& fingerprint) {
  const SampleSet pooled = fingerprint.Pooled();
  std::string text = absl::StrFormat("%s: %d answers to %d probes in %d parts (variants: %d)\n",
                                     Printable(fingerprint.model), pooled.usable, fingerprint.plan.size(),
                                     fingerprint.parts.size(), fingerprint.Variants().size());
  text += Line("recorded", Days(fingerprint.FirstTime(), fingerprint.LastTime()));
  text += Line("battery", BatteryText(fingerprint));
  if (fingerprint.provenance) text += ProvenanceText(*fingerprint.provenance);
  text += "Probes:\n";
  for (const auto& [id, plan] : fingerprint.plan) {
    const auto it = pooled.probes.find(id);
    if (it != pooled.probes.end()) text += ProbeText(id, plan, it->second);
  }
  return text;
}

std::string FingerprintToJson(const Fingerprint& fingerprint) {
  const SampleSet pooled = fingerprint.Pooled();
  Json json = {{"schema", "pinchbeck.fingerprint_summary/1"},
               {"model", fingerprint.model},
               {"created", Optional(fingerprint.created)},
               {"first_time", Optional(fingerprint.FirstTime())},
               {"last_time", Optional(fingerprint.LastTime())},
               {"battery_sha256", Optional(fingerprint.battery_sha256)},
               {"answers", pooled.usable},
               {"failures", pooled.failures},
               {"variants", fingerprint.Variants().size()},
               {"signals", PlannedSignals(fingerprint.plan)}};
  json["provenance"] = fingerprint.provenance ? ProvenanceSummary(*fingerprint.provenance) : Json(nullptr);
  json["probes"] = Json::array();
  for (const auto& [id, plan] : fingerprint.plan) {
    const auto it = pooled.probes.find(id);
    if (it == pooled.probes.end()) continue;
    const ProbeSample& sample = it->second;
    Json probe = {{"probe", id},
                  {"answers", sample.usable},
                  {"failed", sample.failed},
                  {"signals", PlannedSignals({{id, plan}})},
                  {"conditions", ConditionsToJson(sample.conditions)},
                  {"different_choices", sample.choices.size()},
                  {"logprob_vectors", sample.logprobs.size()},
                  {"lengths", sample.lengths.size()},
                  {"latencies", sample.latencies.size()},
                  {"texts", sample.texts.size()}};
    probe["commonest"] = Json::array();
    for (const auto& [answer, count] : Commonest(sample)) {
      probe["commonest"].push_back({{"answer", answer}, {"count", count}});
    }
    json["probes"].push_back(std::move(probe));
  }
  return Dump(json);
}

std::string DiffToText(const Fingerprint& a, const Fingerprint& b, const FingerprintDiff& diff) {
  std::string text = absl::StrFormat("A: %s    B: %s\n", Printable(a.model), Printable(b.model));
  text += absl::StrFormat("%d probes in both", diff.shared_probes.size());
  if (!diff.only_in_a.empty()) text += "; only in A: " + NameList(diff.only_in_a);
  if (!diff.only_in_b.empty()) text += "; only in B: " + NameList(diff.only_in_b);
  text += "\n";
  if (!diff.condition_differences.empty()) {
    text += absl::StrFormat(
        "The conditions differ, so the figures below say little about the models (A is \"the "
        "fingerprint\"):\n");
    for (const std::string& line : diff.condition_differences) text += "  " + Printable(line, 200) + "\n";
  }
  if (diff.totals.empty())
    return text + "Nothing to compare: no probe has the same kind of data on both sides.\n";
  text += absl::StrFormat("  %-32s %-12s %7s %7s  %9s %-6s %-20s\n", "", "signal", "n A", "n B", "effect", "",
                          "95 % interval");
  for (const CellDiff& cell : diff.totals) text += CellText("all shared probes", cell.evidence);
  for (const CellDiff& cell : diff.cells) text += CellText(cell.probe, cell.evidence);
  return text + "p-values are of equality, one cell at a time, not adjusted for their number.\n";
}

std::string DiffToJson(const Fingerprint& a, const Fingerprint& b, const FingerprintDiff& diff) {
  Json json = {{"schema", "pinchbeck.fingerprint_diff/1"},
               {"a", a.model},
               {"b", b.model},
               {"shared_probes", diff.shared_probes},
               {"only_in_a", diff.only_in_a},
               {"only_in_b", diff.only_in_b},
               {"condition_differences", diff.condition_differences}};
  json["totals"] = Json::array();
  for (const CellDiff& cell : diff.totals) json["totals"].push_back(CellToJson(cell));
  json["cells"] = Json::array();
  for (const CellDiff& cell : diff.cells) json["cells"].push_back(CellToJson(cell));
  return Dump(json);
}

}  // namespace pinchbeck::cli
