#include "json_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "text_file.h"
#include "winnow/core/error.h"

namespace winnow::data {

namespace {

// A place in a text from the number of bytes before it.
struct Position {
  std::size_t line, column;
};

Position position_of(const std::string& text, std::size_t bytes) {
  auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(bytes, text.size()));
  auto lines = static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
  std::size_t start = lines ? text.rfind('\n', bytes ? bytes - 1 : 0) + 1 : 0;
  return {lines + 1, std::max<std::size_t>(bytes > start ? bytes - start : 0, 1)};
}

// Tells how far the parser has read: its callback does not.
class Watched {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Watched(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  Watched& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  Watched operator++(int) {
    Watched before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Watched& other) const { return at_ == other.at_; }
  bool operator!=(const Watched& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

}  // namespace

Value parse_json(const std::string& content, const std::string& name) {
  std::string text = text_of(content, name);
  const char* reached = text.data();
  auto bytes_read = [&] { return static_cast<std::size_t>(reached - text.data()); };
  std::vector<std::map<std::string, std::size_t>> open;      // key -> bytes up to its end
  auto watch = [&](int, Value::parse_event_t event, Value& parsed) {
    if (event == Value::parse_event_t::object_start) open.emplace_back();
    if (event == Value::parse_event_t::object_end) open.pop_back();
    if (event != Value::parse_event_t::key) return true;
    auto [first, fresh] = open.back().emplace(parsed.get<std::string>(), bytes_read());
    if (!fresh)
      throw DataError(fmt::format("{}:{}: '{}' is there twice (first in line {})", name, position_of(text, bytes_read()).line, shown(first->first),
                                  position_of(text, first->second).line));
    return true;
  };
  auto refuse = [&](std::size_t byte) {
    Position at = position_of(text, byte);
    throw DataError(fmt::format("{} is not JSON in UTF-8, at byte {} (line {}, column {})", name, byte + content.size() - text.size(),
        at.line, at.column));
  };
  try {
    return Value::parse(Watched(text.data(), &reached), Watched(text.data() + text.size(), &reached), watch);
  } catch (const nlohmann::json::parse_error& error) {
    refuse(error.byte);
  } catch (const nlohmann::json::exception&) {               // a number beyond all reals
    refuse(bytes_read());
  }
  return {};
}

Value read_json(const Path& path) { return parse_json(read_file(path), path.string()); }

std::string shown(const std::string& text) {
  std::string quoted = Value(text).dump(-1, ' ', false, Value::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace winnow::data
