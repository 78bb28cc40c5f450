// Checks JSON documents against the part of JSON Schema (draft 2020-12) that the schemas in docs/schema use.
#ifndef PINCHBECK_TESTS_FINGERPRINT_JSON_SCHEMA_H_
#define PINCHBECK_TESTS_FINGERPRINT_JSON_SCHEMA_H_

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace pinchbeck {

class JsonSchema {
 public:
  explicit JsonSchema(nlohmann::json schema) : schema_(std::move(schema)) {}

  // One line for each place that does not fit; empty for a valid document.
  [[nodiscard]] std::vector<std::string> Violations(const nlohmann::json& document) const {
    std::vector<std::string> violations;
    Check(schema_, document, "", violations);
    return violations;
  }

 private:
  using Json = nlohmann::json;
  using Lines = std::vector<std::string>;

  static bool HasType(const std::string& type, const Json& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") {
      return value.is_number_integer() ||
             (value.is_number() && value.get<double>() == std::floor(value.get<double>()));
    }
    return type == "null" && value.is_null();
  }

  // A keyword that this class does not know would silently allow everything.
  static void CheckKeywords(const Json& schema, const std::string& path, Lines& out) {
    static const std::set<std::string> kKnown = {"$schema",     "$ref",
                                                 "$defs",       "title",
                                                 "description", "type",
                                                 "required",    "items",
                                                 "enum",        "const",
                                                 "pattern",     "minimum",
                                                 "maximum",     "exclusiveMinimum",
                                                 "minItems",    "maxItems",
                                                 "minLength",   "maxLength",
                                                 "properties",  "additionalProperties"};
    for (const auto& item : schema.items()) {
      if (kKnown.count(item.key()) == 0) out.push_back(path + ": unknown keyword " + item.key());
    }
  }

  void Check(const Json& schema, const Json& value, const std::string& path, Lines& out) const {
    CheckKeywords(schema, path, out);
    if (schema.contains("$ref")) {
      const std::string reference = schema["$ref"].get<std::string>().substr(1);
      Check(schema_.at(Json::json_pointer(reference)), value, path, out);
      return;
    }
    if (schema.contains("type") && !HasType(schema["type"], value)) {
      out.push_back(path + ": is no " + schema["type"].get<std::string>());
      return;
    }
    if (schema.contains("const") && value != schema["const"]) out.push_back(path + ": wrong constant");
    if (schema.contains("enum")) {
      const auto& names = schema["enum"];
      if (std::find(names.begin(), names.end(), value) == names.end())
        out.push_back(path + ": unknown value");
    }
    if (value.is_string()) CheckString(schema, value.get_ref<const std::string&>(), path, out);
    if (value.is_number()) CheckNumber(schema, value.get<double>(), path, out);
    if (value.is_array()) CheckArray(schema, value, path, out);
    if (value.is_object()) CheckObject(schema, value, path, out);
  }

  static void CheckString(const Json& schema, const std::string& text, const std::string& path, Lines& out) {
    if (text.size() < schema.value("minLength", std::size_t{0})) out.push_back(path + ": too short");
    if (schema.contains("maxLength") && text.size() > schema["maxLength"].get<std::size_t>()) {
      out.push_back(path + ": too long");
    }
    if (!schema.contains("pattern")) return;
    if (!std::regex_search(text, std::regex(schema["pattern"].get<std::string>()))) {
      out.push_back(path + ": does not match the pattern");
    }
  }

  static void CheckNumber(const Json& schema, double number, const std::string& path, Lines& out) {
    if (schema.contains("minimum") && number < schema["minimum"].get<double>())
      out.push_back(path + ": too small");
    if (schema.contains("maximum") && number > schema["maximum"].get<double>())
      out.push_back(path + ": too large");
    if (schema.contains("exclusiveMinimum") && number <= schema["exclusiveMinimum"].get<double>()) {
      out.push_back(path + ": too small");
    }
  }

  void CheckArray(const Json& schema, const Json& value, const std::string& path, Lines& out) const {
    if (value.size() < schema.value("minItems", std::size_t{0})) out.push_back(path + ": too few items");
    if (schema.contains("maxItems") && value.size() > schema["maxItems"].get<std::size_t>()) {
      out.push_back(path + ": too many items");
    }
    if (!schema.contains("items")) return;
    for (std::size_t i = 0; i < value.size(); ++i) {
      Check(schema["items"], value[i], path + "[" + std::to_string(i) + "]", out);
    }
  }

  void CheckObject(const Json& schema, const Json& value, const std::string& path, Lines& out) const {
    for (const auto& name : schema.value("required", Json::array())) {
      if (!value.contains(name.get<std::string>()))
        out.push_back(path + "." + name.get<std::string>() + ": missing");
    }
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [name, member] : value.items()) {
      const std::string at = path + "." + name;
      if (properties.contains(name)) {
        Check(properties[name], member, at, out);
      } else if (schema.contains("additionalProperties")) {
        const Json& others = schema["additionalProperties"];
        if (others.is_object()) {
          Check(others, member, at, out);
        } else if (others == false) {
          out.push_back(at + ": not allowed");
        }
      }
    }
  }

  Json schema_;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_TESTS_FINGERPRINT_JSON_SCHEMA_H_
