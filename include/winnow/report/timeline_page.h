// What the slots of a run did, or would do, as one self-contained HTML page.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "winnow/report/page.h"

namespace winnow::report {

struct TimelinePage {
  std::string title, words;                                // what it shows, in a sentence
  std::vector<std::pair<std::string, std::string>> facts;  // name and value
  std::vector<Attempt> attempts;
  std::size_t left_out = 0;  // attempts that did not fit
};

std::string render_html(const TimelinePage&);

}  // namespace winnow::report
