#include "src/report/style.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "pinchbeck/internal/digest.h"
#include "src/report/palette.h"

namespace pinchbeck::internal {
namespace {

std::string Variables(std::uint32_t Colour::*scheme) {
  std::string text;
  for (const Colour& colour : Palette()) {
    text += absl::StrFormat("--%s:#%06x;", std::string(colour.name), colour.*scheme);
  }
  return text;
}

// Sizes are in rem, so that the reader's own choice of letter size counts.
constexpr const char* kPage = R"(
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);line-height:1.55;
font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Ubuntu,Cantarell,"Helvetica Neue",Arial,sans-serif}
main,.top,footer{max-width:68rem;margin:0 auto;padding:0 1.25rem}
h1,h2,h3,h4{line-height:1.25;margin:0;font-weight:650;text-wrap:balance}
h1{font-size:1.75rem;letter-spacing:-.01em}
h2{font-size:1.25rem;margin:2.75rem 0 .5rem}
h3{font-size:1.0625rem}
h4{font-size:.875rem;margin:0 0 .25rem;font-weight:600}
p{margin:.5rem 0;max-width:46rem;text-wrap:pretty}
ul{margin:.5rem 0;padding-left:1.2rem;max-width:46rem}
li{margin:.3rem 0}
code,.mono{font-family:ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.9em}
bdi,td,dd,li,p,h1{overflow-wrap:anywhere}
.soft{color:var(--soft)}
.small{font-size:.875rem}
.eyebrow{color:var(--soft);font-size:.8125rem;letter-spacing:.02em;margin:0 0 .6rem}
footer{color:var(--soft);font-size:.8125rem;padding-top:1rem;padding-bottom:3rem;margin-top:3rem}
)";

constexpr const char* kVerdict = R"(
.top{padding-top:2rem}
.verdict{background:linear-gradient(var(--tone),var(--tone)) top/100% 6px no-repeat var(--card);
border:1px solid var(--line);border-radius:14px;padding:1.7rem 1.75rem 1.5rem}
.consistent{--tone:var(--good);--tint:var(--good-tint)}
.differs{--tone:var(--bad);--tint:var(--bad-tint)}
.inconclusive,.configuration_differs{--tone:var(--open);--tint:var(--open-tint)}
.not_measurable{--tone:var(--none);--tint:var(--none-tint)}
.verdict .lede{font-size:1.0625rem;margin:.7rem 0 0}
.chip{display:inline-flex;align-items:center;gap:.4em;background:var(--tint);color:var(--tone);border-radius:99px;
padding:.14rem .65rem .14rem .55rem;font-size:.8125rem;font-weight:600;white-space:nowrap}
.chip svg{width:.8em;height:.8em;flex:none}
.verdict .chip{margin-bottom:.7rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.9rem 1.25rem;margin:1.3rem 0 0;
padding-top:1.1rem;border-top:1px solid var(--line)}
.facts div{min-width:0}
dt{color:var(--soft);font-size:.8125rem}
dd{margin:0;font-variant-numeric:tabular-nums}
.facts dd{font-size:1.125rem;font-weight:600;line-height:1.35}
dd small{display:block;font-size:.8125rem;font-weight:400;line-height:1.4;color:var(--soft)}
.two{display:grid;gap:1rem;grid-template-columns:1fr 1fr;margin-top:1rem}
.panel{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.25rem;min-width:0}
.panel ul{margin-bottom:0}
)";

constexpr const char* kCards = R"(
.card{background:linear-gradient(var(--tone),var(--tone)) left/4px 100% no-repeat var(--card);border:1px solid var(--line);
border-radius:12px;padding:1.15rem 1.25rem 1.2rem 1.4rem;margin:1rem 0}
.card header{display:flex;flex-wrap:wrap;align-items:center;gap:.35rem .75rem;justify-content:space-between}
.card h3 code{font-weight:400;color:var(--soft);margin-left:.35rem}
.card .asks{color:var(--soft);margin:.15rem 0 0;font-size:.9375rem}
.card .finding{margin:.6rem 0 0}
.numbers{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.55rem 1.25rem;margin:.9rem 0 0}
.numbers dd{font-weight:600}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(19rem,100%),1fr));gap:1.4rem 1.75rem;margin:1rem 0 0}
figure{margin:0;min-width:0;max-width:27rem}
figure:first-child:nth-last-child(4){grid-column:1/-1}
figcaption{font-size:.8125rem;color:var(--soft);line-height:1.4;margin-top:.25rem}
figure svg{display:block;width:100%;height:auto}
.notes{font-size:.875rem;color:var(--soft);margin:.9rem 0 0;padding-top:.7rem;border-top:1px solid var(--line);max-width:none}
.notes li{list-style:none;margin:.15rem 0}
ul.notes{padding-left:0}
.quiet{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(19rem,100%),1fr));gap:.75rem;margin:1rem 0}
.quiet .card{margin:0}
)";

constexpr const char* kTables = R"(
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:12px;margin:.9rem 0}
table{border-collapse:collapse;width:100%;font-size:.9375rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);font-size:.8125rem;padding:.7rem 1rem 0}
th,td{text-align:left;padding:.5rem 1rem;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}
thead th{color:var(--soft);font-size:.8125rem;font-weight:600}
tbody tr:last-child>*{border-bottom:0}
.num{text-align:right;white-space:nowrap}
th .small{font-weight:400}
.num .bar{margin-left:auto}
.bar{display:block;width:7rem;height:.6rem;margin-top:.45rem}
pre{background:var(--sunken);border:1px solid var(--line);border-radius:10px;padding:.9rem 1rem;margin:.9rem 0;
white-space:pre-wrap;overflow-wrap:anywhere;font-size:.875rem;line-height:1.5}
)";

constexpr const char* kPlots = R"(
svg text{font-size:11px;fill:var(--soft);font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif;
unicode-bidi:isolate;font-variant-numeric:tabular-nums}
svg .strong{fill:var(--ink)}
svg .label{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--ink)}
.axis{stroke:var(--axis);stroke-width:1;fill:none}
.grid{stroke:var(--line);stroke-width:1;fill:none}
.band{fill:var(--band)}
.gate{stroke:var(--gate);stroke-width:1.5;stroke-dasharray:4 3;fill:none}
.ref-fill{fill:var(--reference)}
.obs-fill{fill:var(--observed)}
.ref-line{stroke:var(--reference);stroke-width:2;fill:none;stroke-linejoin:round}
.obs-line{stroke:var(--observed);stroke-width:2;fill:none;stroke-linejoin:round;stroke-dasharray:6 3}
.dot{fill:var(--observed);fill-opacity:.35;stroke:var(--observed);stroke-width:1}
.effect{fill:var(--observed)}
.whisker{stroke:var(--observed);stroke-width:2;fill:none}
.tick{stroke:var(--gate);stroke-width:1.5;fill:none}
)";

constexpr const char* kMedia = R"(
@media screen and (max-width:48rem){
.two{grid-template-columns:1fr}
main,.top,footer{padding-left:.9rem;padding-right:.9rem}
.top{padding-top:.9rem}
.verdict{padding:1.15rem 1.1rem}
h1{font-size:1.375rem}
h2{margin-top:2.1rem}
.card,.panel{padding-left:1rem;padding-right:1rem}
th,td{padding:.45rem .75rem}
.bar{width:4.5rem}
.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stack tr{display:grid;grid-template-columns:auto 1fr;gap:.1rem .9rem;padding:.6rem .75rem;border-bottom:1px solid var(--line)}
.stack tbody tr:last-child{border-bottom:0}
.stack th,.stack td{border:0;padding:0}
.stack tbody th{grid-column:1/-1}
.stack td{display:contents;text-align:left;white-space:normal}
.stack td::before{content:attr(data-label);color:var(--soft);font-size:.875rem}
.stack td>span{text-align:right;min-width:0}
}
@media print{
@page{margin:14mm}
body{background:#fff;font-size:10.5pt}
.card,.panel,.verdict,.scroll,figure,tr,pre{break-inside:avoid}
h2,h3,h4{break-after:avoid}
main,.top,footer{max-width:none;padding:0}
.scroll{overflow:visible}
.scroll th,.scroll td{white-space:normal;overflow-wrap:normal;padding:.35rem .5rem}
.scroll .mono{overflow-wrap:anywhere}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
)";

std::string Build() {
  const std::string light = Variables(&Colour::light), dark = Variables(&Colour::dark);
  // Paper is white whatever the screen is.
  return ":root{color-scheme:light dark;" + light +
         "}\n@media screen and (prefers-color-scheme:dark){:root{" + dark + "}}" + kPage + kVerdict + kCards +
         kTables + kPlots + kMedia;
}

}  // namespace

const std::string& StyleSheet() {
  static const std::string* const kText = new std::string(Build());
  return *kText;
}

std::string ContentSecurityPolicy() {
  const std::string digest = absl::HexStringToBytes(Sha256Hex(StyleSheet()));
  return "default-src 'none'; style-src 'sha256-" + absl::Base64Escape(digest) +
         "'; base-uri 'none'; form-action 'none'";
}

}  // namespace pinchbeck::internal
