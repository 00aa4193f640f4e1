#include "winnow/core/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "winnow/core/byte_order_mark.h"
#include "winnow/core/error.h"
#include "winnow/core/printable.h"

namespace winnow {

namespace {

// A place in a text from the number of bytes before it. Lines end by LF, CR LF, or CR alone.
struct Position {
  std::size_t line = 1, column = 1;
};

Position position_of(std::string_view text, std::size_t bytes) {
  Position at;
  std::size_t start = 0;
  for (std::size_t i = 0; i < std::min(bytes, text.size()); ++i) {
    if (text[i] != '\n' && (text[i] != '\r' || text.substr(i, 2) == "\r\n")) continue;
    ++at.line;
    start = i + 1;
  }
  at.column = bytes > start ? bytes - start : 1;
  return at;
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

Value parse_json(std::string_view text, const std::string& name) {
  std::string_view content = without_byte_order_mark(text, name);
  std::size_t skipped = text.size() - content.size();
  using Event = Value::parse_event_t;
  const char* const begin = content.data();
  const char* reached = begin;
  auto bytes_read = [&] { return static_cast<std::size_t>(reached - begin); };
  std::vector<std::map<std::string, std::size_t>> open;  // key -> bytes up to its end
  auto watch = [&](int depth, Event event, Value& parsed) {
    if ((event == Event::object_start || event == Event::array_start) &&
        static_cast<std::size_t>(depth) >= kDeepestJson) {
      Position at = position_of(content, bytes_read());
      throw DataError(
          fmt::format("{}: tables and lists within one another more than {} deep, at byte {} (line {}, column {})",
                      name, kDeepestJson, bytes_read() + skipped, at.line, at.column));
    }
    if (event == Event::object_start) open.emplace_back();
    if (event == Event::object_end) open.pop_back();
    if (event != Event::key) return true;
    auto [first, fresh] = open.back().emplace(parsed.get<std::string>(), bytes_read());
    if (!fresh)
      throw DataError(fmt::format("{}:{}: '{}' is there twice (first in line {})", name,
                                  position_of(content, bytes_read()).line, printable(first->first),
                                  position_of(content, first->second).line));
    return true;
  };
  auto refuse = [&](std::size_t byte) {
    Position at = position_of(content, byte);
    throw DataError(fmt::format("{} is not JSON in UTF-8, at byte {} (line {}, column {})", name, byte + skipped,
                                at.line, at.column));
  };
  try {
    return Value::parse(Watched(begin, &reached), Watched(begin + content.size(), &reached), watch);
  } catch (const nlohmann::json::parse_error& error) {
    refuse(error.byte);
  } catch (const nlohmann::json::exception&) {  // a number beyond all reals
    refuse(bytes_read());
  }
  return {};
}

Value read_json(const Path& path) { return parse_json(read_file(path), path.string()); }

std::string brief(const Value& value, std::size_t most) {
  if (value.is_number_float() && !std::isfinite(value.get<double>())) return fmt::format("{}", value.get<double>());
  return printable(value.dump(-1, ' ', false, Value::error_handler_t::replace), most);
}

}  // namespace winnow
