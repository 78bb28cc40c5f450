// Samples: the numbers that the signals need, extracted from observations probe by probe.
//
// A fingerprint stores samples of the reference; verify extracts the same samples from the recording under
// test. Of longer texts only features and the beginning are kept.
#ifndef PINCHBECK_SIGNAL_SAMPLE_H_
#define PINCHBECK_SIGNAL_SAMPLE_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pinchbeck/core/observation.h"

namespace pinchbeck {

// What the answers to one probe were conditioned on. Absent means not recorded.
struct ProbeConditions {
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<std::int64_t> top_k;
  std::optional<double> min_p;
  std::optional<std::int64_t> max_tokens;
  std::optional<std::string> prompt_sha256;
  friend bool operator==(const ProbeConditions&, const ProbeConditions&) = default;
};

// Sampled tokens of an answer at temperature 0 whose log-probabilities are kept.
inline constexpr std::size_t kMaxPathTokens = 64;

// Log-probabilities of one answer, in nats, with tokens as indices into ProbeSample::tokens.
struct FirstTokenLogprobs {
  // At the first output position, most likely first, at most kMaxTopLogprobs. Censored entries are left out;
  // a sampled token that the list leaves out although it is as likely as the listed ones is put in.
  std::vector<std::pair<std::uint32_t, double>> entries;
  // False when only the sampled token was reported.
  bool has_alternatives = false;
  // Which of the entries was sampled; entries.size() when none was, absent when that is not known.
  std::optional<std::size_t> sampled = std::nullopt;
  // Answers of several positions: mean over the sampled tokens with a value, and their number (0: fewer than
  // two).
  double mean = 0;
  std::int64_t mean_tokens = 0;
  // Answers of several positions at temperature 0: the sampled tokens from the first position on, at most
  // kMaxPathTokens, up to the first without a value.
  std::vector<std::pair<std::uint32_t, double>> path = {};
  // Which part of a pooled sample (session, variant) the answer belongs to, counted from 0.
  std::uint32_t session = 0;
};

// What the lists of likely tokens at the first position looked like as sent.
struct LogprobListCounts {
  std::int64_t lists = 0;
  // More than one entry out of falling order, the sampled token aside.
  std::int64_t unsorted = 0;
  // Probabilities that add up to more than 1 beyond rounding.
  std::int64_t above_one = 0;
};

inline constexpr std::size_t kMaxTopLogprobs = 32;

// Where output lengths were counted; never mixed in one comparison.
enum class LengthSource : std::uint8_t { kUsage, kEvents, kCharacters };
[[nodiscard]] std::string_view LengthSourceName(LengthSource source);

struct OutputLength {
  double length = 0;
  // Cut at max_tokens: a tie at the cap, not a value.
  bool capped = false;
};

// Shape of the gaps between stream events, free of their scale, from at least kLeastGaps of them.
struct GapShape {
  // Standard deviation over mean.
  double dispersion = 0;
  // Share of gaps below a tenth of the mean: events that came together.
  double burst_share = 0;
  // Correlation of neighbouring gaps; 0 where all gaps are equal.
  double autocorrelation = 0;
};
inline constexpr std::size_t kLeastGaps = 8;
[[nodiscard]] std::optional<GapShape> ShapeOfGaps(std::span<const double> gaps);

struct Latency {
  // Seconds to the first token (or to the whole answer without streaming) minus the connection round trip.
  double first_token_s = 0;
  std::optional<double> median_gap_s;
  // Output tokens after the first over the seconds after it.
  std::optional<double> tokens_per_s;
  // Seconds to the end of the answer, without the connection, over output tokens: waiting makes it larger and
  // nothing but a faster model smaller, while a buffer that lets tokens out together raises tokens_per_s.
  std::optional<double> total_per_token_s = std::nullopt;
  std::optional<GapShape> gaps = std::nullopt;
  std::optional<std::int64_t> input_tokens = std::nullopt;
  // Minutes since the epoch, where the time is recorded; requests of one minute are not independent.
  std::optional<std::int64_t> minute;
};

// Layout features of a text, in this order: log(1 + characters), line breaks, bullets, numbered lines,
// headings, bold marks, code fences (per line), punctuation, capitals, digits (per character).
inline constexpr std::size_t kStyleFeatures = 10;
using StyleVector = std::array<double, kStyleFeatures>;
[[nodiscard]] const std::array<std::string_view, kStyleFeatures>& StyleFeatureNames();

// Code points and token ids of an answer's beginning that are kept.
inline constexpr std::size_t kPrefixCodePoints = 256;
inline constexpr std::size_t kPrefixTokens = 256;

struct TextFeatures {
  // Hashed character 3-grams: (bucket, count) by rising bucket.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> trigrams;
  StyleVector style{};
  // The first kPrefixCodePoints code points; absent in private and in older fingerprints.
  std::optional<std::u32string> prefix = std::nullopt;
  // The first kPrefixTokens token ids; absent where none were recorded, and in private fingerprints.
  std::optional<std::vector<std::int32_t>> token_ids = std::nullopt;
};
inline constexpr std::uint32_t kTrigramBuckets = 1u << 20;

struct ProbeSample {
  ProbeConditions conditions;
  std::int64_t usable = 0;
  std::int64_t failed = 0;
  std::map<std::string, std::int64_t> choices;
  std::vector<std::string> tokens;
  std::vector<FirstTokenLogprobs> logprobs;
  // Of a recording; fingerprints do not keep it.
  LogprobListCounts logprob_lists;
  std::vector<OutputLength> lengths;
  // Reasoning tokens where the server counted them. Capped: the answer was cut before any text came, so that
  // the model would have reasoned on.
  std::vector<OutputLength> reasoning;
  std::vector<Latency> latencies;
  std::vector<TextFeatures> texts;
  std::map<std::int64_t, std::int64_t> input_tokens;
  [[nodiscard]] std::int64_t choice_count() const;
};

// Self-descriptions seen in responses: value -> count. Reported, never decisive.
struct DeclarationSample {
  std::map<std::string, std::int64_t> models;
  std::map<std::string, std::int64_t> id_shapes;
  std::map<std::string, std::int64_t> system_fingerprints;
  std::map<std::string, std::int64_t> finish_reasons;
  std::map<std::string, std::int64_t> usage_fields;
  std::int64_t responses = 0;
};

struct SampleSet {
  std::map<std::string, ProbeSample> probes;
  // Parts (sessions, variants) that were pooled.
  std::uint32_t sessions = 1;
  DeclarationSample declaration;
  std::int64_t usable = 0;
  // Failed requests by kind ("http 429", "timeout", ...).
  std::map<std::string, std::int64_t> failures;
};

// Which signals a probe feeds and how its answers are read. Decided at enrolment, stored, obeyed by verify.
struct ProbePlan {
  bool choice = false;
  bool logprob = false;
  bool token_length = false;
  bool latency = false;
  bool text = false;
  bool tokenizer = false;
  bool reasoning = false;
  // Free answers are normalised; answers of one or few tokens keep their raw text.
  bool normalise_choice = false;
  LengthSource length_source = LengthSource::kUsage;
  friend bool operator==(const ProbePlan&, const ProbePlan&) = default;
};
using SignalPlan = std::map<std::string, ProbePlan>;

// A free answer reduced to what was chosen: markup and surrounding punctuation stripped, NFC, case folded. An
// answer that would become empty keeps its raw form. Longer than 120 bytes: cut, with a hash of the rest.
[[nodiscard]] std::string NormaliseChoice(std::string_view answer);
// The answer as sent, with the same bound on its length.
[[nodiscard]] std::string RawChoice(std::string_view answer);

// Features of one answer. Hashing is FNV-1a over the UTF-8 bytes of each 3-gram of code points, so that a
// fingerprint means the same on every platform. `token_ids` as recorded with the answer, empty where they
// were not; ids outside 0 .. 2^31 - 1 are no ids, and then none are kept.
[[nodiscard]] TextFeatures ExtractTextFeatures(std::string_view text,
                                               std::span<const std::int64_t> token_ids = {});

// Removes what can be read of longer answers: prefixes and token ids of texts, and the tokens after the first
// one behind log-probabilities. Hashed 3-grams and style stay.
void RemoveReadableText(SampleSet& sample);

// Appends log-probabilities of another table of tokens, renumbered into the sample's own. `first_session` is
// added to their sessions.
void AppendLogprobs(const std::vector<FirstTokenLogprobs>& logprobs, const std::vector<std::string>& tokens,
                    std::uint32_t first_session, ProbeSample& sample);

// Pools several samples (sessions, variants) into one. Sessions of log-probabilities are numbered through.
[[nodiscard]] SampleSet MergeSamples(const std::vector<const SampleSet*>& parts);

}  // namespace pinchbeck

#endif  // PINCHBECK_SIGNAL_SAMPLE_H_
