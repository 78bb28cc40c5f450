#include "src/report/palette.h"

namespace pinchbeck::internal {
namespace {

// Reference and observed are blue and orange of different lightness, which all common forms of colour
// blindness keep apart; plots tell them apart by shape as well.
constexpr Colour kPalette[] = {
    {"page", 0xF5F4F0, 0x14171C},      {"card", 0xFFFFFF, 0x1C2027},      {"sunken", 0xF1F0EB, 0x252A33},
    {"ink", 0x1D232B, 0xE8EAED},       {"soft", 0x505A66, 0xADB5C0},      {"line", 0xDCDAD2, 0x353C47},
    {"axis", 0x7C8590, 0x7F8894},      {"reference", 0x2B6398, 0x77B2EA}, {"observed", 0xB4540A, 0xF2A65A},
    {"band", 0xE3E7EA, 0x2B333D},      {"gate", 0x5B6470, 0xA3ACB8},      {"good", 0x1B6B4A, 0x7CD0A8},
    {"good-tint", 0xE2F1E9, 0x17322A}, {"bad", 0x9A3B12, 0xF6A97F},       {"bad-tint", 0xFBEADF, 0x3C2419},
    {"open", 0x5A4A9C, 0xBDB1F2},      {"open-tint", 0xECE9F8, 0x2A2644}, {"none", 0x515B66, 0xB3BBC5},
    {"none-tint", 0xE9ECEF, 0x2A3038}};

constexpr ColourPair kPairs[] = {
    {"ink", "page"},         {"ink", "card"},         {"ink", "sunken"},     {"soft", "page"},
    {"soft", "card"},        {"soft", "sunken"},      {"soft", "band"},      {"good", "good-tint"},
    {"bad", "bad-tint"},     {"open", "open-tint"},   {"none", "none-tint"}, {"ink", "good-tint"},
    {"ink", "bad-tint"},     {"ink", "open-tint"},    {"ink", "none-tint"},  {"soft", "good-tint"},
    {"soft", "bad-tint"},    {"soft", "open-tint"},   {"soft", "none-tint"}, {"reference", "card", 3},
    {"observed", "card", 3}, {"observed", "band", 3}, {"gate", "card", 3},   {"gate", "band", 3},
    {"axis", "card", 3}};

}  // namespace

std::span<const Colour> Palette() { return kPalette; }
std::span<const ColourPair> ColourPairs() { return kPairs; }

}  // namespace pinchbeck::internal
