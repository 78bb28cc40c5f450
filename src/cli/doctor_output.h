// How an examination of an endpoint is shown.
#ifndef PINCHBECK_SRC_CLI_DOCTOR_OUTPUT_H_
#define PINCHBECK_SRC_CLI_DOCTOR_OUTPUT_H_

#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/client/doctor.h"

namespace pinchbeck::cli {

inline constexpr std::string_view kDoctorSchema = "pinchbeck.doctor/1";

struct DoctorView {
  const DoctorReport& report;
  std::string endpoint;
  std::string model;
  // Names of the APIs that were tried before, without success.
  std::vector<std::string> tried;
  // What the environment says about proxies; empty: nothing.
  std::string proxy;
};

[[nodiscard]] std::string DoctorToText(const DoctorView& view);
// One object in one line.
[[nodiscard]] std::string DoctorToJson(const DoctorView& view);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_DOCTOR_OUTPUT_H_
