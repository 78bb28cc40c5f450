// What the responses say of themselves. Reported; it never decides a verdict.
#include <algorithm>
#include <cctype>
#include <string>

#include "pinchbeck/signal/evidence.h"

namespace pinchbeck {
namespace {

// A vendor prefix ("openai/") and a date suffix ("-2026-05-01", "-20260501") do not make another model.
std::string NormaliseModel(std::string name) {
  if (const auto slash = name.rfind('/'); slash != std::string::npos) name.erase(0, slash + 1);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  auto all_digits = [](const std::string& text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
  };
  const auto cut_date = [&](std::size_t length) {
    if (name.size() <= length || name[name.size() - length] != '-') return;
    std::string digits = name.substr(name.size() - length + 1);
    if (length == 11 && digits[4] == '-' && digits[7] == '-')
      digits = digits.substr(0, 4) + digits.substr(5, 2) + digits.substr(8);
    if (digits.size() == 8 && all_digits(digits)) name.resize(name.size() - length);
  };
  cut_date(11);
  cut_date(9);
  return name;
}

using Counts = std::map<std::string, std::int64_t>;

Counts Normalised(const Counts& models) {
  Counts result;
  for (const auto& [name, count] : models) result[NormaliseModel(name)] += count;
  return result;
}

std::string Compare(const std::string& what, const Counts& reference, const Counts& observed) {
  if (reference.empty() || observed.empty()) return what + ": not declared";
  std::string unseen;
  for (const auto& [value, count] : observed) {
    if (reference.count(value) == 0) unseen += (unseen.empty() ? "" : ", ") + value;
  }
  return unseen.empty() ? what + ": match" : what + ": differs (" + unseen.substr(0, 80) + ")";
}

}  // namespace

SignalEvidence EvaluateDeclaration(const SampleSet& reference, const SampleSet& observed,
                                   const SignalOptions&) {
  SignalEvidence evidence;
  evidence.signal = "declaration";
  evidence.counted = false;
  evidence.n_reference = reference.declaration.responses;
  evidence.n_observed = observed.declaration.responses;
  if (evidence.n_reference == 0 || evidence.n_observed == 0) {
    evidence.reason = "no usable response on one side";
    return evidence;
  }
  evidence.measurable = true;
  evidence.method = "three-valued comparison of what responses declare";
  const DeclarationSample &a = reference.declaration, &b = observed.declaration;
  evidence.notes = {Compare("model", Normalised(a.models), Normalised(b.models)),
                    Compare("id form", a.id_shapes, b.id_shapes),
                    Compare("system fingerprint", a.system_fingerprints, b.system_fingerprints),
                    Compare("finish reason", a.finish_reasons, b.finish_reasons),
                    Compare("usage fields", a.usage_fields, b.usage_fields)};
  return evidence;
}

}  // namespace pinchbeck
