#include "json_file.h"

#include <nlohmann/json.hpp>

#include "text_file.h"

namespace winnow::data {

Value parse_text(const std::string& content, const std::string& name) {
  std::string text = text_of(content, name);
  return parse_json(text, name, content.size() - text.size());
}

Value read_json(const Path& path) { return parse_text(read_file(path), path.string()); }

}  // namespace winnow::data
