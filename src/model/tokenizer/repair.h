// Repair of badly decoded or typographic text before CLIP's tokenizer sees it: what ftfy.fix_text does by default, as far as
// class names and templates need it.
#pragma once

#include <string>

namespace winnow::model {

// UTF-8 that was read as Windows-1252 is read again; C1 controls, ligatures, full width, curly quotes, line breaks and control
// characters become plain; NFC. Repeated until nothing changes.
std::string repaired(const std::string&);

}  // namespace winnow::model
