#include "deadline.h"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <optional>

#include "utc_time.h"
#include "winnow/core/error.h"

namespace winnow::cmd {

namespace {

std::optional<double> duration(const std::string& text) {
  double amount = 0;
  char unit[8] = {};
  int used = 0;
  if (std::sscanf(text.c_str(), "%lf%7[a-z]%n", &amount, unit, &used) != 2 || used != static_cast<int>(text.size()))
    return std::nullopt;
  for (const auto& [name, seconds] : {std::pair("s", 1.0), {"min", 60.0}, {"h", 3600.0}, {"d", 86400.0}})
    if (std::string(unit) == name && amount > 0 && amount < 1e6) return amount * seconds;
  return std::nullopt;
}

std::optional<double> moment(std::string text, double now) {
  const bool utc = text.ends_with("Z");
  if (utc) text.pop_back();
  auto whole = static_cast<std::time_t>(now);
  std::tm parts{};
  (utc ? ::gmtime_r : ::localtime_r)(&whole, &parts);
  parts.tm_sec = 0;
  parts.tm_isdst = -1;
  int used = 0, year = 0, month = 0;
  const char* words = text.c_str();
  const bool day_too = text.find('T') != std::string::npos;
  int found = day_too ? std::sscanf(words, "%4d-%2d-%2dT%2d:%2d%n", &year, &month, &parts.tm_mday, &parts.tm_hour,
                                    &parts.tm_min, &used)
                      : std::sscanf(words, "%2d:%2d%n", &parts.tm_hour, &parts.tm_min, &used);
  if (found != (day_too ? 5 : 2) || used != static_cast<int>(text.size())) return std::nullopt;
  if (day_too) parts.tm_year = year - 1900, parts.tm_mon = month - 1;
  const std::tm asked = parts;
  auto seconds = [&] { return static_cast<double>(utc ? ::timegm(&parts) : ::mktime(&parts)); };
  double result = seconds();
  if (parts.tm_mday != asked.tm_mday || parts.tm_mon != asked.tm_mon || parts.tm_min != asked.tm_min ||
      asked.tm_hour > 23 || asked.tm_hour < 0)
    return std::nullopt;  // no such day or hour
  if (!day_too && result <= now) {
    parts = asked;
    ++parts.tm_mday;
    result = seconds();
  }
  return result;
}

}  // namespace

double parse_deadline(const std::string& text, double now) {
  if (auto length = duration(text)) return now + *length;
  std::optional<double> result = moment(text, now);
  if (!result)
    throw UsageError(fmt::format(
        "--deadline {}: say how long from now (90min, 8h, 2d) or when: 2026-12-01T08:00, or 08:00, with a Z "
        "at its end for UTC",
        text));
  if (*result <= now) throw UsageError(fmt::format("--deadline {}: {} has passed", text, utc_time(*result)));
  return *result;
}

}  // namespace winnow::cmd
