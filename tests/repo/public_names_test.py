"""The table of public names agrees with the tree, and the check notices where one does not.

    public_names_test.py ROOT
"""

import copy
import pathlib
import sys
import unittest

import cpp_names
import public_names

ROOT = pathlib.Path(sys.argv.pop() if len(sys.argv) > 1 else __file__).resolve()

HEADER = r"""
// struct Commented {};
#ifndef GUARD
#define GUARD struct FromMacro {}; \
  struct FromItsSecondLine {};
#include <vector>
namespace pinchbeck {
class ForwardOnly;
inline constexpr std::size_t kLimit = std::size_t{1'000} << 2;
inline constexpr std::array<int, 2> kPair = {1, 2};
using Callback = std::function<absl::Status(int)>;
enum class Mood : std::uint8_t { kGood = 0, kBad };
struct Result {
  double value = 0, low = 0, high{};
  std::map<std::string, std::vector<int>> items = {};
  [[nodiscard]] bool empty() const { return items.empty() && "}"[0] == '}'; }
  friend bool operator==(const Result&, const Result&) = default;
  struct Part {
    int size = 0;
  };
};
class Machine final : public Base {
 public:
  [[nodiscard]] static absl::StatusOr<Machine> Create(const Options& options = {});
  explicit Machine(int speed) : speed_(speed) {}
  virtual ~Machine() = default;
  [[nodiscard]] virtual absl::Status Turn(double x, const std::vector<int>& y = {1, 2}) = 0;

 private:
  struct Hidden {};
  void Oil();
  int speed_ = 0;
};
[[nodiscard]] std::optional<std::pair<int, int>> FindPair(std::span<const double> values, int least = 3);
template <typename T, typename = std::enable_if_t<(sizeof(T) > 4)>>
[[nodiscard]] inline T Twice(T value) {
  if (value > 0) return 2 * value;
  return value;
}
namespace stats {
[[nodiscard]] inline double Mean(double x) { return x; }
namespace internal {
struct Detail {};
double Helper(double x);
}  // namespace internal
}  // namespace stats
}  // namespace pinchbeck
namespace pinchbeck::internal {
int Secret();
}
namespace other {
int Foreign();
}
#endif
"""


class HeadersTest(unittest.TestCase):
    def setUp(self):
        self.names = cpp_names.read_names(HEADER)

    def test_functions(self):
        self.assertEqual(self.names.functions, {"FindPair", "Twice", "stats::Mean"})

    def test_types_and_their_public_members(self):
        self.assertEqual(
            {name: members - {"operator"} for name, members in self.names.types.items()},
            {
                "Callback": set(),
                "Mood": {"kGood", "kBad"},
                "Result": {"value", "low", "high", "items", "empty", "Part"},
                "Result::Part": {"size"},
                "Machine": {"Create", "Turn"},
            },
        )

    def test_constants(self):
        self.assertEqual(self.names.constants, {"kLimit", "kPair"})


TABLE = """
| concept | C++ | Python | C | command, JSON |
|---|---|---|---|---|
| **Group** | | | | |
| a result | `Result`, `FindPair`, `SaveResult` | `Result`, `.value`, *`.text`*, `.save`, `find_pair` | `pinchbeck_result` | `run`, `word` |
| limits | `Options::limit`, `Options` | `limit_s=`, *`most=`* | `"limit"` | `--limit` |
| mean | `stats::Mean` | `stats.mean` | (a) | (a) |

- (a) Left out.
- `Result.text` and `most=` are what Python calls them.
"""


def surface():
    return public_names.Surface(
        cpp=cpp_names.Names(
            functions={"FindPair", "SaveResult", "stats::Mean"},
            types={"Result": {"value"}, "Options": {"limit"}},
        ),
        python={"Result": {"value", "text", "save"}, "find_pair": None, "stats.mean": None},
        parameters={"limit_s", "most"},
        c={"pinchbeck_result"},
        c_options={"limit"},
        commands={"run"},
        flags={"--limit"},
        schemas=set(),
        has_word=lambda word: word == "word",
    )


class CheckTest(unittest.TestCase):
    def faults(self, old="", new="", change=None):
        """The faults of the small table, with `old` replaced, or with the surface changed."""
        self.assertIn(old, TABLE)
        public = surface()
        if change:
            change(public)
        return public_names.check(TABLE.replace(old, new, 1) if old else TABLE, public)

    def test_a_table_that_agrees(self):
        self.assertEqual(self.faults(), [])

    def test_names_that_the_table_lacks(self):
        for change, name in [
            (lambda s: s.cpp.functions.add("New"), "C++: New"),
            (lambda s: s.cpp.types.update({"stats::New": set()}), "C++: stats::New"),
            (lambda s: s.python.update({"new": None}), "Python: new"),
            (lambda s: s.python["Result"].add("new"), "Python: Result.new"),
            (lambda s: s.parameters.add("new"), "Python: new="),
            (lambda s: s.c.add("pinchbeck_new"), "C: pinchbeck_new"),
            (lambda s: s.c_options.add("new"), 'C: "new"'),
            (lambda s: s.commands.add("new"), "command: new"),
            (lambda s: s.flags.add("--new"), "command: --new"),
            (lambda s: s.schemas.add("pinchbeck.new/1"), "JSON: pinchbeck.new/1"),
            (lambda s: s.cpp.constants.add("kNewSchema"), "C++: kNewSchema"),
        ]:
            with self.subTest(name):
                self.assertEqual(self.faults(change=change), [f"the table lacks {name}"])

    def test_names_that_do_not_exist(self):
        for old, new, name in [
            ("`FindPair`", "`FindPair`, `Gone`", "C++: Gone"),
            ("`Options::limit`", "`Options::limit`, `Options::gone`", "C++: Options::gone"),
            ("`find_pair`", "`find_pair`, `gone`", "Python: gone"),
            ("`.value`", "`.value`, `.gone`", "Python: Result.gone"),
            ("`limit_s=`", "`limit_s=`, `gone=`", "Python: gone="),
            ("`pinchbeck_result`", "`pinchbeck_result`, `pinchbeck_gone`", "C: pinchbeck_gone"),
            ('`"limit"`', '`"limit"`, `"gone"`', 'C: "gone"'),
            ("`--limit`", "`--limit`, `--gone`", "command, JSON: --gone"),
            ("`word`", "`word`, `gone`", "command, JSON: gone"),
        ]:
            with self.subTest(name):
                found = [fault for fault in self.faults(old, new) if "there is no" in fault]
                self.assertEqual([fault.split(": ", 1)[1] for fault in found], [f"there is no {name}"])

    def test_names_that_do_not_follow(self):
        self.assertIn("does not follow", self.faults("*`most=`*", "`most=`")[0])
        self.assertIn("does not follow", self.faults("*`.text`*", "`.text`")[0])
        self.assertIn("is marked", self.faults("`find_pair`", "*`find_pair`*")[0])

    def test_names_of_c(self):
        words, kinds = {"observe"}, {"observer", "observer_stream"}
        for name, follows in [
            ("pinchbeck_observer", True),
            ("pinchbeck_observer_observe", True),
            ("pinchbeck_observer_new", True),
            ("pinchbeck_observer_free", True),
            ("pinchbeck_observer_stream_free", True),
            ("pinchbeck_observer_feed", False),
            ("pinchbeck_observe", False),
            ("pinchbeck_monitor_observe", False),
        ]:
            self.assertEqual(public_names.c_follows(name, words, kinds), follows, name)
        found = self.faults("`pinchbeck_result`", "*`pinchbeck_result`*")
        self.assertIn("pinchbeck_result follows the rules and is marked", found[0])

    def test_what_is_not_explained(self):
        self.assertIn("no list says why most=", self.faults("and `most=` are", "is")[0])
        self.assertIn("no reason for the empty cell of C", self.faults("| (a) | (a) |", "| | (a) |")[0])
        self.assertIn("no reason for the empty cell of C", self.faults("| (a) | (a) |", "| (b) | (a) |")[0])

    def test_tables_of_another_form(self):
        self.assertEqual(public_names.check("no table here", surface()), ["no table is found"])
        self.assertIn("cells instead of", self.faults("| (a) | (a) |", "| (a) |")[0])

    def test_spelling(self):
        for name, expected in [
            ("KolmogorovSmirnov", "kolmogorov_smirnov"),
            ("PValueFromEValue", "p_value_from_e_value"),
            ("EBenjaminiHochberg", "e_benjamini_hochberg"),
            ("AndersonDarlingKSample", "anderson_darling_k_sample"),
            ("PromptSha256", "prompt_sha256"),
            ("max_age_days", "max_age_days"),
        ]:
            self.assertEqual(public_names.snake(name), expected)


class TreeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.surface = public_names.read_surface(ROOT)
        cls.page = (ROOT / public_names.PAGE).read_text(encoding="utf-8")

    def test_the_readers_see_the_tree(self):
        cpp = self.surface.cpp
        self.assertLessEqual({"VerifyRecordings", "LoadFingerprint", "stats::Mmd", "ImportLog"}, cpp.functions)
        self.assertLessEqual({"step", "decision"}, {public_names.snake(name) for name in cpp.types["Monitor"]})
        self.assertIn("kDiffers", cpp.types["Verdict"])
        self.assertGreater(len(cpp.functions), 200)
        self.assertGreater(len(self.surface.python), 130)
        self.assertGreater(len(self.surface.parameters), 80)
        self.assertGreater(len(self.surface.c), 35)
        self.assertGreater(len(self.surface.c_options), 15)
        self.assertGreater(len(self.surface.commands), 15)
        self.assertGreater(len(self.surface.flags), 80)
        self.assertLessEqual({"pinchbeck.observation/1", "pinchbeck.fingerprint_diff/1"}, self.surface.schemas)

    def test_the_table_agrees(self):
        self.assertEqual(public_names.check(self.page, self.surface), [])

    def test_every_row_is_needed(self):
        """Without any one row something is missing, unless other rows hold all its names."""
        lines = self.page.split("\n")
        rows, _, _ = public_names.read_table(self.page)
        needed = 0
        for row in rows:
            text = "\n".join(lines[: row.line - 1] + lines[row.line :])
            needed += bool(public_names.missing(public_names.read_table(text)[0], self.surface))
        self.assertGreater(needed, 0.9 * len(rows))

    def test_a_new_name_is_noticed(self):
        public = copy.copy(self.surface)
        public.c = public.c | {"pinchbeck_monitor_new_one"}
        self.assertEqual(public_names.check(self.page, public), ["the table lacks C: pinchbeck_monitor_new_one"])


if __name__ == "__main__":
    unittest.main()
