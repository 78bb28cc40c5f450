// Batteries: the prompts that endpoints are asked.
#include <pybind11/stl.h>

#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/core/battery.h"
#include "pinchbeck/core/endpoint.h"
#include "pinchbeck/core/keyed_battery.h"
#include "pinchbeck/core/probe.h"
#include "python/bindings/collection.h"
#include "python/bindings/observations.h"
#include "python/bindings/result.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {
namespace {

void BindProbe(py::module_& module) {
  ResultClass<ChatMessage>(module, "ChatMessage", "One message of a prompt.")
      .Field("role", &ChatMessage::role, "'system', 'user' or 'assistant'.")
      .Field("content", &ChatMessage::content, "Its text.");
  ResultClass<SamplingParameters>(module, "SamplingParameters", "How answers are asked for.")
      .Field("temperature", &SamplingParameters::temperature, "Temperature.")
      .Field("top_p", &SamplingParameters::top_p, "Share of the likeliest tokens, or None.")
      .Field("top_k", &SamplingParameters::top_k, "Number of the likeliest tokens, or None.")
      .Field("min_p", &SamplingParameters::min_p,
             "Least probability relative to the likeliest token, or None.")
      .Field("max_tokens", &SamplingParameters::max_tokens, "Longest answer.")
      .Field("top_logprobs", &SamplingParameters::top_logprobs, "Likeliest tokens to report, or None.")
      .Field("stream", &SamplingParameters::stream, "Whether answers are streamed.");
  ResultClass<Probe>(module, "Probe", "A prompt whose answers are compared.")
      .Field("id", &Probe::id, "Its name, unique in the battery.")
      .Field("group", &Probe::group, "Its group: 'choice', 'logprob', 'text' or 'tokenizer'.")
      .Field("signals", &Probe::signals, "Signals that its answers feed.")
      .Field("messages", &Probe::messages, "The prompt.")
      .Field("sampling", &Probe::sampling, "How answers are asked for.")
      .Computed("prompt_sha256", &Probe::PromptSha256, "Identity of the prompt.");
}

}  // namespace

void BindBatteries(py::module_& module) {
  BindProbe(module);
  ResultClass<Battery>(module, "Battery", R"(A versioned set of probes.

>>> import pinchbeck
>>> battery = pinchbeck.builtin_battery().select_groups(["choice"])
>>> {probe.group for probe in battery.probes}
{'choice'}
)")
      .Field("name", &Battery::name, "Its name.")
      .Field("version", &Battery::version, "Its version.")
      .Field("probes", &Battery::probes, "Its probes.")
      .Computed("sha256", &Battery::Sha256, "Identity of everything that shapes an answer.")
      .Method(
          "select_groups",
          [](const Battery& self, const std::vector<std::string>& groups) {
            return Value(SelectGroups(self, groups));
          },
          py::arg("groups"), "The probes of the named groups.")
      .Method("to_json", &SerializeBattery, "The text of a battery file.")
      .Method(
          "to_dict", [](const Battery& self) { return LoadJson(SerializeBattery(self)); },
          "The content of a battery file.")
      .Method("__len__", [](const Battery& self) { return self.probes.size(); });
  const py::object battery = module.attr("Battery");
  battery.attr("from_json") = py::staticmethod(py::cpp_function(
      [](const std::string& json) { return Value(ParseBattery(json)); }, py::name("from_json"),
      py::scope(battery), py::arg("json"), "Reads the text of a battery file; errors name the field."));
  module.def(
      "builtin_battery", [] { return BuiltinBattery(); }, "The project's own prompts.\n");
  module.def(
      "load_battery",
      [](const py::object& where) {
        const std::string path = PathOf(where);
        return Call([&] { return LoadBattery(path); });
      },
      py::arg("path"), "Reads a battery file; errors name the field.\n");
  module.def(
      "keyed_battery",
      [](std::string key) {
        const Secret secret(std::move(key));
        return Call([&] { return KeyedBattery(secret); });
      },
      py::arg("key"),
      R"(The built-in battery in words that only the holder of the key can foresee.

One key gives one battery: use it at enrolment and at verification. The key is never shown.
)");
}

}  // namespace pinchbeck::python
