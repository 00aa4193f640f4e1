#include "winnow/data/templates.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string_view>

#include "winnow/core/error.h"
#include "winnow/core/printable.h"

namespace winnow::data {

std::string_view
template_sets();  // "[name]", then one template a line, or "= NAME" for a set above; # begins a comment

namespace {

const std::map<std::string, std::vector<std::string>>& sets() {
  static const std::map<std::string, std::vector<std::string>> all = [] {
    std::map<std::string, std::vector<std::string>> result;
    std::istringstream lines{std::string(template_sets())};
    std::vector<std::string>* set = nullptr;
    for (std::string line; std::getline(lines, line);) {
      if (line.empty() || line[0] == '#') continue;
      if (line[0] == '[') set = &result[line.substr(1, line.size() - 2)];
      else if (line[0] == '=')
        set->insert(set->end(), result.at(line.substr(2)).begin(), result.at(line.substr(2)).end());
      else set->push_back(line);
    }
    return result;
  }();
  return all;
}

}  // namespace

std::vector<std::string> templates_of(const std::string& text) {
  if (places_in(text) > 0) {
    if (std::string fault = fault_of_template(text); !fault.empty()) throw UsageError(fault);
    return {text};
  }
  if (auto found = sets().find(text); found != sets().end()) return found->second;
  std::vector<std::string> known = template_set_names();
  throw UsageError(
      fmt::format("template '{}' has no {{}} for the class name and is no set of templates{}; known sets: {}", text,
                  did_you_mean(text, known), fmt::join(known, ", ")));
}

const std::vector<std::string>& own_prompt_words() {
  static const std::vector<std::string> words{"clip", "coop", "coop8", "plain"};
  return words;
}

std::vector<std::string> template_set_names() {
  std::vector<std::string> names;
  for (const auto& [name, set] : sets()) names.push_back(name);
  return names;
}

std::size_t places_in(const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find("{}"); at != std::string::npos; at = text.find("{}", at + 2)) ++count;
  return count;
}

std::string fault_of_template(const std::string& text) {
  std::size_t count = places_in(text);
  if (count == 1) return "";
  return fmt::format("the template '{}' has {} {{}} for the class name, it must have one", printable(text, 100),
                     count == 0 ? "no" : std::to_string(count));
}

std::string prompt(const std::string& text_template, const std::string& class_name) {
  if (std::string fault = fault_of_template(text_template); !fault.empty()) throw UsageError(fault);
  std::string name = class_name;
  std::replace(name.begin(), name.end(), '_', ' ');
  std::string text = text_template;
  return text.replace(text.find("{}"), 2, name);
}

}  // namespace winnow::data
