// Repair of badly decoded or typographic text before CLIP's tokenizer sees it: ftfy.fix_text as it is by default
// (tests/text/reference/ftfy_tables.py compares them).
#pragma once

#include <string>

namespace winnow::text {

// By lines: HTML's character references, where no line so far holds a <; what was read in a wrong encoding
// (mojibake.h); C1 controls, ligatures, full width, curly quotes, line breaks and control characters become plain; NFC.
// Repeated until nothing changes.
std::string repaired(const std::string&);

}  // namespace winnow::text
