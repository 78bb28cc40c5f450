// The example of docs/methods/mmd.md.
#include "pinchbeck/stats/mmd.h"

#include <cstdio>
#include <string_view>
#include <vector>

#include "pinchbeck/stats/energy_distance.h"
#include "pinchbeck/stats/kernels.h"

int main() {
  using pinchbeck::stats::LinearGram;
  using pinchbeck::stats::Mmd;
  using pinchbeck::stats::MultivariateEnergyDistance;
  using pinchbeck::stats::PairedKernelTest;
  using pinchbeck::stats::SpectrumGram;
  using pinchbeck::stats::TwoSampleResult;
  // [page
  // Five answers of each side to one prompt.
  const std::vector<std::string_view> texts = {
      "The sky is blue because air scatters blue light.",   "Air scatters blue light more than red light.",
      "Because air scatters short waves, the sky is blue.", "Blue light is scattered most by the air.",
      "The sky looks blue since air scatters blue light.",  "Great question! Let us look at it step by step.",
      "Sure! Here is a short answer to your question.",     "Good question! Here it is, step by step.",
      "Great question! Here is the answer, step by step.",  "Sure! Let us take it step by step."};
  const Eigen::MatrixXd gram = SpectrumGram(texts).value();
  const TwoSampleResult one_prompt = Mmd(gram, {5, 5}).value();
  std::printf("MMD^2 = %.4f, p = %.4f\n", one_prompt.statistic, one_prompt.p_value);
  // The same texts as one pair for each of five prompts.
  const TwoSampleResult pairs = PairedKernelTest(gram).value();
  std::printf("pairs: %.4f, p = %.4f\n", pairs.effect, pairs.p_value);

  // Fails: the linear kernel compares means only.
  Eigen::MatrixXd values(80, 1);
  for (int i = 0; i < 40; ++i) {
    values(i, 0) = i - 19.5;
    values(40 + i, 0) = 3 * values(i, 0);
  }
  std::printf("spread: linear p = %.3f, energy distance p = %.4f\n",
              Mmd(LinearGram(values).value(), {40, 40})->p_value,
              MultivariateEnergyDistance(values.topRows(40), values.bottomRows(40))->p_value);
  // page]
  return 0;
}
