// Gives the functions that docs/guides/embed.md shows the exchanges of standard input, one a line, as an
// application would.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

// clang-format off
#include "observer_block.inc"
// clang-format on

int main() {
  auto observer = MakeObserver();
  if (!observer.ok()) {
    std::cerr << observer.status() << "\n";
    return 2;
  }
  long fed = 0;
  for (std::string line; std::getline(std::cin, line); ++fed) {
    const nlohmann::json exchange = nlohmann::json::parse(line);
    const absl::Status status = Watch(*observer, exchange.at("request").dump(),
                                      exchange.at("response").dump(), exchange.at("total_s").get<double>());
    if (!status.ok()) {
      std::cerr << status << "\n";
      return 2;
    }
  }
  std::cout << observer->Take().size() << " of " << fed << ", "
            << (Differs(*observer) ? "differs" : "no alarm so far") << "\n";
}
