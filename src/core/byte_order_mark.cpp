#include "winnow/core/byte_order_mark.h"

#include <fmt/format.h>

#include <utility>

#include "winnow/core/error.h"

namespace winnow {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kMark = "\xef\xbb\xbf";

// The longer mark first: UTF-32's begins like UTF-16's.
constexpr std::pair<std::string_view, const char*> kOthers[] = {
    {"\xff\xfe\0\0"sv, "UTF-32"}, {"\0\0\xfe\xff"sv, "UTF-32"}, {"\xff\xfe"sv, "UTF-16"}, {"\xfe\xff"sv, "UTF-16"}};

}  // namespace

std::string_view without_byte_order_mark(std::string_view text, const std::string& name) {
  for (auto [mark, coding] : kOthers)
    if (text.starts_with(mark)) throw DataError(fmt::format("{}: a text in {}; save it in UTF-8", name, coding));
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

}  // namespace winnow
