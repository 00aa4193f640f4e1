// Style and script of the page: page.css and page.js, compiled in (cmake/Page.cmake).
#pragma once

#include <string_view>

namespace winnow::report::html {

extern const std::string_view kStyle, kScript;

}  // namespace winnow::report::html
