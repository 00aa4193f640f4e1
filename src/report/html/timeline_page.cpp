#include "winnow/report/timeline_page.h"

#include <fmt/format.h>

#include "embedded.h"
#include "svg.h"
#include "winnow/core/revision.h"

namespace winnow::report {

std::string render_html(const TimelinePage& page) {
  using html::escaped;
  std::string facts;
  for (const auto& [name, value] : page.facts)
    facts += fmt::format("<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value));
  return fmt::format(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\"><title>{0}</title><style>{1}</style></head><body><main>"
      "<h1>{0}</h1><p>{2}</p><dl>{3}</dl><figure class=\"card wide\"><div class=\"scroll\">{4}</div>"
      "<ul class=\"legend\"><li><i class=\"key done\"></i>done</li><li><i class=\"key failed\"></i>failed or "
      "lost</li></ul>{5}</figure><p class=\"unit\">winnow {6}</p></main></body></html>\n",
      escaped(page.title), html::kStyle, escaped(page.words), facts, html::timeline(page.attempts),
      page.left_out ? fmt::format("<p class=\"unit\">{} more attempts are left out</p>", page.left_out) : "",
      escaped(std::string(revision())));
}

}  // namespace winnow::report
