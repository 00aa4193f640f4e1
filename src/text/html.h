// HTML character references: &eacute; &#233; &#xE9; as text. HTML Standard 13.5; Python's html.unescape is the model.
#pragma once

#include <string>

namespace winnow::text {

// A name without its semicolon counts where the standard's table has it so, by its longest beginning.
std::string unescape_html(const std::string&);

}  // namespace winnow::text
