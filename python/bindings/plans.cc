// plan(): what would an audit cost that notices a given substitute?
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pinchbeck/audit/plan.h"
#include "python/bindings/audit.h"
#include "python/bindings/result.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {
namespace {

using OptionalNumber = std::optional<double>;

// Defines a function whose last arguments are the options of a plan, in the order of MakeOptions().
template <typename Function, typename... Extra>
void DefPlan(py::module_& module, const char* name, const Function& function, const char* doc,
             const Extra&... extra) {
  const PlanOptions defaults;
  module.def(name, function, extra..., py::kw_only(), py::arg("alpha") = defaults.alpha,
             py::arg("power") = defaults.power, py::arg("claim") = defaults.claim,
             py::arg("share") = defaults.share, py::arg("known_substitute") = defaults.known_substitute,
             py::arg("max_answers") = defaults.max_answers, py::arg("runs") = defaults.runs,
             py::arg("seed") = defaults.seed, py::arg("threads") = defaults.threads,
             py::arg("input_tokens") = py::none(), py::arg("output_tokens") = py::none(),
             py::arg("price_per_mtok_in") = py::none(), py::arg("price_per_mtok_out") = py::none(), doc);
}

PlanOptions MakeOptions(double alpha, double power, Claim claim, double share, bool known_substitute,
                        std::int64_t max_answers, std::int64_t runs, std::uint64_t seed, int threads,
                        OptionalNumber input_tokens, OptionalNumber output_tokens,
                        OptionalNumber price_per_mtok_in, OptionalNumber price_per_mtok_out) {
  return {alpha, power,   claim,        share,         known_substitute,  max_answers,       runs,
          seed,  threads, input_tokens, output_tokens, price_per_mtok_in, price_per_mtok_out};
}

Plan InPythonWords(Plan plan) {
  SayInPython(plan.warnings);
  return plan;
}

template <typename... Options>
Plan PlanAgainst(const Fingerprint& claimed, const Fingerprint& substitute, Options... rest) {
  const PlanOptions options = MakeOptions(rest...);
  return InPythonWords(Call([&] { return PlanAudit(claimed, substitute, options); }));
}

template <typename... Options>
Plan PlanChangeOf(const Fingerprint& claimed, const std::string& change, Options... rest) {
  const PlanOptions options = MakeOptions(rest...);
  const pinchbeck::PlanChange parsed = Value(ParsePlanChange(change));
  return InPythonWords(Call([&] { return PlanForChange(claimed, parsed, options); }));
}

template <typename... Options>
stats::PowerEstimate PowerOf(const Fingerprint& claimed, const Fingerprint& substitute,
                             const std::vector<std::string>& probes, std::int64_t answers, Options... rest) {
  const PlanOptions options = MakeOptions(rest...);
  return Call([&] { return DesignPower(claimed, substitute, probes, answers, options); });
}

// The option types once more, so that the templates above can be named as functions.
template <template <typename...> typename Pack>
using WithOptions = Pack<double, double, Claim, double, bool, std::int64_t, std::int64_t, std::uint64_t, int,
                         OptionalNumber, OptionalNumber, OptionalNumber, OptionalNumber>;
template <typename... Options>
struct Functions {
  static constexpr auto kAgainst = &PlanAgainst<Options...>;
  static constexpr auto kChange = &PlanChangeOf<Options...>;
  static constexpr auto kPower = &PowerOf<Options...>;
};

void BindPlanResults(py::module_& module) {
  ResultClass<PlanCell>(module, "PlanCell",
                        "One probe, in the order in which the cheapest design takes them.")
      .Field("probe", &PlanCell::probe, "Its name.")
      .Field("signals", &PlanCell::signals, "Signals that it feeds.")
      .Field("input_tokens", &PlanCell::input_tokens, "Mean tokens of a request, or None.")
      .Field("output_tokens", &PlanCell::output_tokens, "Mean tokens of an answer, or None.")
      .Field("stored", &PlanCell::stored, "Answers stored on both sides, the smaller number.")
      .Field("information", &PlanCell::information, "Squared standard score that an answer adds.")
      .Field("information_per_cost", &PlanCell::information_per_cost, "The same per token, where known.");
  ResultClass<PlanDesign>(module, "PlanDesign", "A design: which signals and probes, and how many answers.")
      .Field("name", &PlanDesign::name, "A signal, 'combined' or 'cheapest'.")
      .Field("signals", &PlanDesign::signals, "Its signals.")
      .Field("probes", &PlanDesign::probes, "Its probes.")
      .Field("family", &PlanDesign::family, "Counted signals among which alpha is shared.")
      .Field("most_answers", &PlanDesign::most_answers, "Most answers a probe that were considered.")
      .Field("answers_per_probe", &PlanDesign::answers_per_probe,
             "Fewest answers a probe that reach the power, or None.")
      .Field("requests", &PlanDesign::requests, "Requests in all.")
      .Field("input_tokens", &PlanDesign::input_tokens, "Input tokens in all, or None.")
      .Field("output_tokens", &PlanDesign::output_tokens, "Output tokens in all, or None.")
      .Field("cost", &PlanDesign::cost, "Price in all, or None.")
      .Field("power", &PlanDesign::power, "Power at that size.")
      .Field("rejection_power", &PlanDesign::rejection_power,
             "Where the power is not reached: share of audits that reject equality, or None.")
      .Field("answers_low", &PlanDesign::answers_low,
             "Answers that the simulation's error leaves open, least.")
      .Field("answers_high", &PlanDesign::answers_high, "The most, or None.")
      .Field("beyond_stored", &PlanDesign::beyond_stored,
             "More answers than are stored had to be simulated.");
  ResultClass<Plan>(module, "Plan", "What an audit would cost.")
      .Field("claimed", &Plan::claimed, "Label of the claimed model.")
      .Field("substitute", &Plan::substitute, "Label of the substitute; '' for a kind of change.")
      .Field("change", &Plan::change, "What is to be noticed, in words, or None.")
      .Field("designs", &Plan::designs, "The designs.")
      .Field("cheapest", &Plan::cheapest, "Index of the cheapest design that reaches the power, or None.")
      .Field("cells", &Plan::cells, "The probes.")
      .Field("condition_differences", &Plan::condition_differences, "Settings in which the two differ.")
      .Field("warnings", &Plan::warnings, "Plain sentences for the reader.");
}

}  // namespace

void BindPlan(py::module_& module) {
  BindPlanResults(module);
  using Bound = WithOptions<Functions>;
  DefPlan(
      module, "plan", Bound::kAgainst,
      R"(Plans an audit of `claimed` that notices `substitute`, by simulating audits from their fingerprints.

Prices are for a million tokens, in any currency.
)",
      py::arg("claimed"), py::arg("substitute"));
  DefPlan(module, "plan_for_change", Bound::kChange,
          R"(Plans an audit that notices a kind of change, where nobody has a fingerprint of it.

`change` is "other_model", "temperature=T" or "length=F" (answers F times as long).
)",
          py::arg("claimed"), py::arg("change"));
  DefPlan(module, "design_power", Bound::kPower,
          R"(Power of one design: `answers` to each of `probes`.
)",
          py::arg("claimed"), py::arg("substitute"), py::arg("probes"), py::arg("answers"));
}

}  // namespace pinchbeck::python
