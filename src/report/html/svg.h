// Images of the page, as SVG texts that take their colours from the page's style.
#pragma once

#include <string>

#include "winnow/report/page.h"

namespace winnow::report::html {

std::string escaped(const std::string& text);  // for element content and attributes

std::string chart(const Chart&);                    // lines with bands of one standard deviation
std::string timeline(const std::vector<Attempt>&);  // a lane for each slot that was busy, by host

}  // namespace winnow::report::html
